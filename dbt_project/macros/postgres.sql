{# The forms that PostgreSQL needs of the macros in engines.sql and money_and_time.sql, which say what they mean. #}

{% macro postgres__newest_value(value, key) -%}
    (array_agg({{ value }} order by {{ key | join(' desc, ') }} desc) filter (where {{ value }} is not null))[1]
{%- endmacro %}

{% macro postgres__first_value_where(value, order_by, condition) -%}
    (array_agg({{ value }} order by {{ order_by | join(', ') }}) filter (where {{ condition }}))[1]
{%- endmacro %}

{% macro postgres__each_date(unit, first, last) -%}
    cast(generate_series(
        cast({{ first }} as timestamp), cast({{ last }} as timestamp), interval '1' {{ unit }}
    ) as date)
{%- endmacro %}

{% macro postgres__instant_text(instant) -%}
    to_char({{ instant }}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
{%- endmacro %}

{% macro postgres__instant_of_seconds(seconds) -%}
    (timestamp '1970-01-01 00:00:00' + cast({{ seconds }} as bigint) * interval '1' second)
{%- endmacro %}

{% macro postgres__json_text(json, path) -%}
    (jsonb_path_query_first({{ postgres_json(json) }}, cast({{ path }} as jsonpath)) #>> '{}')
{%- endmacro %}

{# PostgreSQL stores no U+0000: U+FFFD takes its place, as in texts that are loaded. #}
{% macro postgres_json(json) -%}
    cast(regexp_replace(cast({{ json }} as text), '(?<!\\)((\\\\)*)\\u0000', '\1\\ufffd', 'g') as jsonb)
{%- endmacro %}

{% macro postgres__join_json_elements(json) -%}
    cross join lateral jsonb_array_elements({{ postgres_json(json) }}) with ordinality as elements (entry, position)
{%- endmacro %}

{% macro postgres__wide_integer() -%}
    numeric(38, 0)
{%- endmacro %}

{% macro postgres__float_type() -%}
    double precision
{%- endmacro %}

{% macro postgres__whole_division(dividend, divisor) -%}
    div({{ dividend }}, nullif({{ divisor }}, 0))
{%- endmacro %}

{% macro postgres__seconds_between(first, last) -%}
    cast(cast(extract(epoch from {{ last }} - {{ first }}) as double precision) as bigint)
{%- endmacro %}

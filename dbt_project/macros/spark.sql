{# Spark's forms of the macros, where it does not read DuckDB's. They follow its documentation, and a parser reads them; no
   build has run there. #}

{% macro spark__newest_value(value, key) -%}
    max_by({{ value }}, case when {{ value }} is not null then struct({{ key | join(', ') }}) end)
{%- endmacro %}

{% macro spark__first_value_where(value, order_by, condition) -%}
    min_by({{ value }}, struct({{ order_by | join(', ') }})) filter (where {{ condition }})
{%- endmacro %}

{% macro spark__each_date(unit, first, last) -%}
    explode(case when {{ first }} <= {{ last }} then sequence({{ first }}, {{ last }}, interval '1' {{ unit }}) end)
{%- endmacro %}

{% macro spark__instant_text(instant) -%}
    concat(date_format({{ instant }}, 'yyyy-MM-dd'), 'T', date_format({{ instant }}, 'HH:mm:ss.SSSSSS'), 'Z')
{%- endmacro %}

{% macro spark__instant_of_seconds(seconds) -%}
    timestamp_seconds(cast({{ seconds }} as bigint))
{%- endmacro %}

{% macro spark__json_text(json, path) -%}
    get_json_object({{ json }}, {{ path }})
{%- endmacro %}

{% macro spark__join_json_elements(json) -%}
    cross join lateral (
        select
            found.entry,
            found.position + 1 as position
        from posexplode(from_json({{ json }}, 'array<string>')) as found (position, entry)
    ) as elements
{%- endmacro %}

{% macro spark__wide_integer() -%}
    decimal(38, 0)
{%- endmacro %}

{% macro spark__whole_division(dividend, divisor) -%}
    (({{ dividend }}) div nullif({{ divisor }}, 0))
{%- endmacro %}

{% macro spark__seconds_between(first, last) -%}
    cast(bround((unix_micros({{ last }}) - unix_micros({{ first }})) / 1000000.0, 0) as bigint)
{%- endmacro %}

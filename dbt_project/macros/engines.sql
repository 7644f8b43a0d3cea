{# What each SQL engine writes in its own way. Models use these macros and otherwise only what DuckDB, PostgreSQL and Spark
   read alike; local times and days are in money_and_time.sql.

   A form with the prefix `default__` is DuckDB's, and that of every engine without one of its own (postgres.sql). #}

{# The value of the row with the highest key, among rows that have one: the key is one column or several. #}
{% macro newest_value(value, key) -%}
    {{ adapter.dispatch('newest_value')(value, key) }}
{%- endmacro %}

{% macro default__newest_value(value, key) -%}
    arg_max({{ value }}, ({{ key | join(', ') }}))
{%- endmacro %}

{# The value, or null, of the first row by `order_by` among those for which `condition` holds. #}
{% macro first_value_where(value, order_by, condition='true') -%}
    {{ adapter.dispatch('first_value_where')(value, order_by, condition) }}
{%- endmacro %}

{% macro default__first_value_where(value, order_by, condition) -%}
    first({{ value }} order by {{ order_by | join(', ') }}) filter (where {{ condition }})
{%- endmacro %}

{# The different texts of a column in their order, separated by commas; null where there is none. #}
{% macro distinct_texts(text) -%}
    string_agg(distinct {{ text }}, ', ' order by {{ text }})
{%- endmacro %}

{# In a SELECT list: one row per day, or month, from `first` to `last`, both included. #}
{% macro each_date(unit, first, last) -%}
    {{ adapter.dispatch('each_date')(unit, first, last) }}
{%- endmacro %}

{% macro default__each_date(unit, first, last) -%}
    cast(unnest(generate_series({{ first }}, {{ last }}, interval '1' {{ unit }})) as date)
{%- endmacro %}

{# How many borders of months lie between two dates; negative where the first one is later. #}
{% macro months_between(first, last) -%}
    cast(
        12 * (extract(year from {{ last }}) - extract(year from {{ first }}))
        + extract(month from {{ last }}) - extract(month from {{ first }}) as bigint
    )
{%- endmacro %}

{# A UTC timestamp as text in ISO 8601 with microseconds: 2026-02-07T17:00:00.000000Z. #}
{% macro instant_text(instant) -%}
    {{ adapter.dispatch('instant_text')(instant) }}
{%- endmacro %}

{% macro default__instant_text(instant) -%}
    strftime({{ instant }}, '%Y-%m-%dT%H:%M:%S.%fZ')
{%- endmacro %}

{# A UTC timestamp from whole seconds since 1970, a number or its text. #}
{% macro instant_of_seconds(seconds) -%}
    {{ adapter.dispatch('instant_of_seconds')(seconds) }}
{%- endmacro %}

{% macro default__instant_of_seconds(seconds) -%}
    make_timestamp(cast({{ seconds }} as bigint) * 1000000)
{%- endmacro %}

{# A field of a JSON object as text. `path` is an expression such as '$.name'. #}
{% macro json_text(json, path) -%}
    {{ adapter.dispatch('json_text')(json, path) }}
{%- endmacro %}

{% macro default__json_text(json, path) -%}
    json_extract_string({{ json }}, {{ path }})
{%- endmacro %}

{# In a FROM clause: a row (entry, position from 1) per element of a JSON array, none where it is null. #}
{% macro join_json_elements(json) -%}
    {{ adapter.dispatch('join_json_elements')(json) }}
{%- endmacro %}

{% macro default__join_json_elements(json) -%}
    cross join unnest(json_extract({{ json }}, '$[*]')) with ordinality as elements (entry, position)
{%- endmacro %}

{# The type of whole numbers that may not fit 64 bits. #}
{% macro wide_integer() -%}
    {{ adapter.dispatch('wide_integer')() }}
{%- endmacro %}

{% macro default__wide_integer() -%}
    hugeint
{%- endmacro %}

{# The type of floats of 64 bits: for statistics, never for money. #}
{% macro float_type() -%}
    {{ adapter.dispatch('float_type')() }}
{%- endmacro %}

{% macro default__float_type() -%}
    double
{%- endmacro %}

{# A division of whole numbers without its remainder, towards zero; null where the divisor is zero. #}
{% macro whole_division(dividend, divisor) -%}
    {{ adapter.dispatch('whole_division')(dividend, divisor) }}
{%- endmacro %}

{% macro default__whole_division(dividend, divisor) -%}
    (({{ dividend }}) // ({{ divisor }}))
{%- endmacro %}


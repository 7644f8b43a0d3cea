{# The newest name of an object in the daily rows of `alias`: for deleted objects, which no list of objects holds. #}
{% macro newest_name(alias, object) -%}
    arg_max({{ alias }}.{{ object }}_name, {{ alias }}.date_day) over (
        partition by {{ alias }}.tenant_id, {{ alias }}.source_account, {{ alias }}.{{ object }}_id
    )
{%- endmacro %}

{# The measures of an advertising row. #}
{% macro ad_measures() -%}
    {{ return(['spend_micros', 'impressions', 'clicks', 'purchases', 'purchase_value_micros']) }}
{%- endmacro %}

{# Micros of one currency in minor units of another, rounded once, halves away from zero. #}
{% macro micros_to_minor(micros, rate, minor_units) -%}
    cast(round(
        cast({{ micros }} as decimal(18, 0)) * {{ rate }} * cast({{ minor_units }} as decimal(4, 0)) * 0.000001, 0
    ) as bigint)
{%- endmacro %}

{# A row's part of its day's total in another currency: the rounded running total with the row less the one without it. #}
{% macro convert_part_of_day(micros, rate) -%}
    cast(
        round(cast(sum({{ micros }}) over running_day as decimal(18, 0)) * {{ rate }}, 0)
        - round(cast(sum({{ micros }}) over running_day - {{ micros }} as decimal(18, 0)) * {{ rate }}, 0)
        as bigint
    )
{%- endmacro %}

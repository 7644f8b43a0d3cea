{# The newest name that the daily rows of `alias` have for an object: for what the lists of objects never held. #}
{% macro last_known(alias, object) -%}
    arg_max({{ alias }}.{{ object }}_name, {{ alias }}.date_day) over (
        partition by {{ alias }}.tenant_id, {{ alias }}.source_account, {{ alias }}.{{ object }}_id
    )
{%- endmacro %}

{# What an advertising row counts, besides its names. #}
{% macro ad_measures() -%}
    {{ return(['spend_micros', 'impressions', 'clicks', 'purchases', 'purchase_value_micros']) }}
{%- endmacro %}

{# Micros of one currency in minor units of another, rounded once, half away from zero. #}
{% macro micros_to_minor(micros, rate, minor_units) -%}
    cast(round(
        cast({{ micros }} as decimal(18, 0)) * {{ rate }} * cast({{ minor_units }} as decimal(4, 0)) * 0.000001, 0
    ) as bigint)
{%- endmacro %}

{# A row's part of its day's total in another currency: the running total with it less the one without, each rounded. #}
{% macro share_of_the_day(micros, rate) -%}
    cast(
        round(cast(sum({{ micros }}) over until_here as decimal(18, 0)) * {{ rate }}, 0)
        - round(cast(sum({{ micros }}) over until_here - {{ micros }} as decimal(18, 0)) * {{ rate }}, 0)
        as bigint
    )
{%- endmacro %}

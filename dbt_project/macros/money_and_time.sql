{# What engines do differently and on which every number depends, and rules of time. #}

{# The calendar day in `zone` of a UTC timestamp. #}
{% macro local_day(instant, zone) -%}
    cast(timezone({{ zone }}, timezone('UTC', {{ instant }})) as date)
{%- endmacro %}

{# The hour of the day in `zone` of a UTC timestamp: 0 to 23. #}
{% macro local_hour(instant, zone) -%}
    cast(extract(hour from timezone({{ zone }}, timezone('UTC', {{ instant }}))) as integer)
{%- endmacro %}

{# How many days `last` is after `first`, both dates; negative where it is before. #}
{% macro days_between(first, last) -%}
    cast({{ last }} - {{ first }} as bigint)
{%- endmacro %}

{# The whole seconds from one timestamp to another, rounded. #}
{% macro seconds_between(first, last) -%}
    {{ adapter.dispatch('seconds_between')(first, last) }}
{%- endmacro %}

{% macro default__seconds_between(first, last) -%}
    cast(extract(epoch from {{ last }} - {{ first }}) as bigint)
{%- endmacro %}

{# A UTC timestamp as clocks in `zone` show it. #}
{% macro local_time(instant, zone) -%}
    cast(timezone({{ zone }}, timezone('UTC', {{ instant }})) as timestamp)
{%- endmacro %}

{# The UTC timestamp at which clocks in `zone` show a time. #}
{% macro instant_of_local(time, zone) -%}
    timezone('UTC', timezone({{ zone }}, {{ time }}))
{%- endmacro %}

{# A decimal amount in major units as integer minor units; `minor_units` is 100 for USD, 1 for JPY, 1000 for KWD. #}
{% macro to_minor(amount, minor_units) -%}
    cast(round({{ amount }} * {{ minor_units }}, 0) as bigint)
{%- endmacro %}

{# Minor units of one currency in minor units of another. A missing rate gives null, which a test reports as an error. #}
{% macro convert(amount_minor, factor) -%}
    cast(round(cast({{ amount_minor }} as decimal(18, 0)) * {{ factor }}, 0) as bigint)
{%- endmacro %}

{# Line types of the ledger that are sales; tips, gift cards and adjustments are not. #}
{% macro sale_types() -%}
    ('PRODUCT', 'SHIPPING', 'DUTY', 'FEE', 'ADDITIONAL_FEE')
{%- endmacro %}

{# How many months after the last one with a row are still in a tenant's calendar of months. #}
{% macro quiet_months(count=12) -%}
    (values {% for months in range(count) %}({{ months }}){{ ', ' if not loop.last }}{% endfor %}) as quiet (months)
{%- endmacro %}

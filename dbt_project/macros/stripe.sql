{# Stripe's minor units of a currency: ISO 4217's but for three, as its documentation of currencies has it. #}
{% macro stripe_minor_units(currency, minor_units) -%}
    case when {{ currency }} in ('ISK', 'UGX') then 100 when {{ currency }} = 'MGA' then 1 else {{ minor_units }} end
{%- endmacro %}

{# Stripe's minor units of a currency: those of ISO 4217 except for three currencies (see Stripe's docs on currencies). #}
{% macro stripe_minor_units(currency, minor_units) -%}
    case when {{ currency }} in ('ISK', 'UGX') then 100 when {{ currency }} = 'MGA' then 1 else {{ minor_units }} end
{%- endmacro %}

{# A text without the blanks, tabs and line ends around it. #}
{% macro trimmed(text) -%}
    trim(replace(replace(replace(replace({{ text }}, chr(9), ' '), chr(10), ' '), chr(13), ' '), chr(160), ' '))
{%- endmacro %}

{# The columns of the event log by which sales, refunds and generations are split; `(unknown)` where a row has none. #}
{% macro log_dimensions() -%}
    vault_id,
    niche,
    product_name,
    ai_style,
    ai_prompt_version,
    ai_version,
    language,
    country_code,
    country,
    region,
    customer_type
{%- endmacro %}

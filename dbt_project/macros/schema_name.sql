{# Schemas have their configured names, without the target's name as a prefix: readers query `marts`. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}

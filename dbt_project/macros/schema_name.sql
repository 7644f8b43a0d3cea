{# Schemas have their configured names: readers query `marts`. In a PostgreSQL database, which also holds what readers
   see, a prefix tells a build's schemas from it. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ env_var('TAKINGS_PG_PREFIX', '') if target.type == 'postgres' }}{{ custom_schema_name or target.schema }}
{%- endmacro %}

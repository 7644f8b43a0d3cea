{# The columns of a relation that a generic test checks: the named ones, or every one for 'all'. #}
{% macro tested_columns(relation, columns) -%}
    {%- if columns == 'all' -%}
        {{ return(adapter.get_columns_in_relation(relation) | map(attribute='name') | list) }}
    {%- endif -%}
    {{ return(columns) }}
{%- endmacro %}

{# The columns that a test names; 'all' stands for every one that the relation has. #}
{% macro columns_of(relation, columns) -%}
    {%- if columns == 'all' -%}
        {{ return(adapter.get_columns_in_relation(relation) | map(attribute='name') | list) }}
    {%- endif -%}
    {{ return(columns) }}
{%- endmacro %}

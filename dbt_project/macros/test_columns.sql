{# The columns of a mart that a generic test checks: the named ones, or every one of its contract for 'all'. #}
{% macro tested_columns(relation, columns) -%}
    {%- if columns != 'all' or not execute -%}
        {{ return(columns) }}
    {%- endif -%}
    {%- for node in graph.nodes.values() if node.name == relation.identifier and node.schema == relation.schema -%}
        {%- if node.contract.enforced -%}
            {{ return(node.columns.keys() | list) }}
        {%- endif -%}
    {%- endfor -%}
    {{ exceptions.raise_compiler_error(relation ~ ' has no contract: name the columns instead of all') }}
{%- endmacro %}

{# `union all` matches columns by position. These macros name the columns: their order in a relation does not matter. #}

{# The rows of several relations, with these columns of each. #}
{% macro union_of(relations, columns) -%}
    {%- for relation in relations %}
        select {{ columns | join(', ') }}
        from {{ relation }}
        {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# `columns` of one branch of a union, all numbers: those that the branch does not have are null there. #}
{% macro present_or_null(columns, present) -%}
    {%- for name in columns %}
        {{ name if name in present else 'cast(null as bigint) as ' ~ name }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

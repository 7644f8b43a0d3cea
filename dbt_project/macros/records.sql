{# The records of a contract, whichever way they came: files, a database, the collector. Rows that were deleted at the
   source are left out. #}
{% macro records(contract, columns) -%}
    {% for source_name in ['files', 'postgres', 'collector'] %}
        select
            tenant_id,
            '{{ source_name }}' as source,
            source_account,
            file,
            {{ columns | join(', ') }}
        from {{ source(source_name, contract) }}
        where {{ 'not is_deleted' if source_name != 'files' else 'true' }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
{%- endmacro %}

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


{# The same with one row per tenant and `key`: the newest by `version`, where the contract has one. Of equal ones the
   first source by name counts, then its first account, then the last file. #}
{% macro newest_records(contract, columns, key, version=none) -%}
with records as (
    {{ records(contract, columns) }}
),

accounts as (select * from {{ ref('stg_takings__accounts') }}),

versions as (
    select
        records.*,
        row_number() over (
            partition by records.tenant_id, records.{{ key }}
            order by
                {{ 'records.' ~ version ~ ' desc nulls last,' if version }}
                records.source asc,
                records.source_account asc,
                records.file desc
        ) as version_number
    from records
    inner join accounts using (tenant_id, source, source_account)
)

select
    tenant_id,
    source,
    source_account,
    {{ columns | join(', ') }}
from versions
where version_number = 1
{%- endmacro %}

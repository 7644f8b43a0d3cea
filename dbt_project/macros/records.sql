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
   first source by name counts, then its first account, then the last file. A record that was deleted in a database, and
   that no database has any more, counts by no other way either. #}
{% macro newest_records(contract, columns, key, version=none) -%}
with records as (
    {{ records(contract, columns) }}
),

accounts as (select * from {{ ref('stg_takings__accounts') }}),

deleted as (
    select
        copies.tenant_id,
        copies.{{ key }}
    from {{ source('postgres', contract) }} as copies
    inner join accounts
        on
            accounts.source = 'postgres'
            and copies.tenant_id = accounts.tenant_id
            and copies.source_account = accounts.source_account
    group by copies.tenant_id, copies.{{ key }}
    having min(case when copies.is_deleted then 1 else 0 end) = 1
),

versions as (
    select
        records.*,
        row_number() over (
            partition by records.tenant_id, records.{{ key }}
            order by
                {{ 'records.' ~ version ~ ' desc nulls last,' if version }}
                records.source asc,
                records.source_account asc,
                records.file desc nulls last
        ) as version_number
    from records
    inner join accounts using (tenant_id, source, source_account)
)

select
    versions.tenant_id,
    versions.source,
    versions.source_account,
    versions.{{ columns | join(', versions.') }}
from versions
left join deleted on versions.tenant_id = deleted.tenant_id and versions.{{ key }} = deleted.{{ key }}
where versions.version_number = 1 and deleted.{{ key }} is null
{%- endmacro %}


{# The rows of a CSV of a folder, and those of the table of a database that is mapped to it. #}
{% macro sheet_rows(name, columns) -%}
    {% for source_name in ['files', 'postgres'] %}
        select
            tenant_id,
            '{{ source_name }}' as source,
            source_account,
            {{ columns | join(', ') }}
        from {{ source(source_name, name) }}
        where {{ 'not is_deleted' if source_name == 'postgres' else 'true' }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
{%- endmacro %}

-- Files can hold future days (planned expenses), so they count only where there is no other source.
with cursors as (select * from {{ source('takings', 'cursors') }}),

accounts as (select * from {{ ref('stg_takings__accounts') }}),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

days as (
    select
        cursors.tenant_id,
        cursors.source,
        {{ local_day('cursors.loaded_until', 'tenants.time_zone') }} as date_day
    from cursors
    inner join accounts using (tenant_id, source, source_account)
    inner join tenants using (tenant_id)
)

select
    tenant_id,
    coalesce(max(date_day) filter (where source <> 'files'), max(date_day)) as today
from days
group by tenant_id

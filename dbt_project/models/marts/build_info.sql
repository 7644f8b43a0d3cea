-- The oldest cursor of a tenant decides how fresh the build is. Publishing fills the last three columns.
with runs as (select * from {{ ref('stg_takings__runs') }}),

accounts as (select * from {{ ref('stg_takings__accounts') }}),

cursors as (select * from {{ source('takings', 'cursors') }})

select
    cursors.tenant_id,
    runs.run_id,
    min(cursors.loaded_until) as as_of,
    runs.started_at as published_at,
    cast(null as timestamp) as blocked_since,
    cast(null as varchar) as blocked_reason,
    cast(null as varchar) as trust
from cursors
inner join accounts using (tenant_id, source, source_account)
cross join runs
group by cursors.tenant_id, runs.run_id, runs.started_at

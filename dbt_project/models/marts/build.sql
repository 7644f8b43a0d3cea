-- Which run made this build, and until when it knows each tenant's sources: the oldest of its streams decides.
with runs as (select * from {{ ref('stg_takings__runs') }}),

cursors as (select * from {{ source('takings', 'cursors') }})

select
    cursors.tenant_id,
    runs.run_id,
    min(cursors.loaded_until) as as_of,
    runs.started_at as published_at
from cursors
cross join runs
group by all

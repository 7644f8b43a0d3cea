-- The run that this build belongs to.
select
    run_id,
    started_at
from {{ source('takings', 'runs') }}

select
    run_id,
    started_at
from {{ source('takings', 'runs') }}

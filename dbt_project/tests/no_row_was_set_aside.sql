-- Rows that could not be typed: without them every number would be too small without an error.
select
    tenant_id,
    source,
    table_name,
    row_key,
    reason,
    landing_part
from {{ source('takings', 'rejects') }}

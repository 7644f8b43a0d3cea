-- Rows that could not be typed: without them every number would be too small without an error. Events have a test of
-- their own, which warns.
select
    rejects.tenant_id,
    rejects.source,
    rejects.table_name,
    rejects.row_key,
    rejects.reason,
    rejects.landing_part
from {{ source('takings', 'rejects') }} as rejects
inner join {{ ref('stg_takings__accounts') }} using (tenant_id, source, source_account)
where not (rejects.source = 'files' and rejects.table_name = 'events')

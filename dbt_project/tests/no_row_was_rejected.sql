-- Rejected rows: without them every number would be too small and no error would show. Events and annotations have
-- their own tests, which warn.
select
    rejects.tenant_id,
    rejects.source,
    rejects.table_name,
    rejects.row_key,
    rejects.reason,
    rejects.landing_part
from {{ source('takings', 'rejects') }} as rejects
inner join {{ ref('stg_takings__accounts') }} using (tenant_id, source, source_account)
where
    not (rejects.source = 'files' and rejects.table_name in ('events', 'annotations'))
    and not (rejects.source = 'collector' and rejects.table_name in ('events', 'collected_files'))

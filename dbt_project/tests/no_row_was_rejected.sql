-- Rejected rows: without them every number would be too small and no error would show. Events, records of chats
-- and annotations have their own tests, which warn.
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
    rejects.source not in ('files', 'postgres', 'collector')
    or rejects.table_name not in (
        'events',
        'collected_files',
        'chat_sessions',
        'chat_messages',
        'product_events',
        'store_profile',
        'annotations'
    )

-- Events, collected files and records of chats that could not be read, with their place. A warning: a broken line of a
-- tracker does not stop the build, and every build reports their number.
{{ config(severity='warn') }}
select
    rejects.tenant_id,
    rejects.source_account,
    rejects.row_key,
    rejects.reason,
    rejects.landing_part
from {{ source('takings', 'rejects') }} as rejects
inner join {{ ref('stg_takings__accounts') }} using (tenant_id, source, source_account)
where
    rejects.source in ('files', 'postgres', 'collector')
    and rejects.table_name in (
        'events', 'collected_files', 'chat_sessions', 'chat_messages', 'product_events', 'store_profile'
    )

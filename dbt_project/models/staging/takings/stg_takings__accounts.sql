select
    tenant_id,
    source,
    source_account,
    purchase_action,
    attribution_window,
    order_metadata_key
from {{ source('takings', 'accounts') }}

select
    tenant_id,
    source,
    source_account,
    purchase_action,
    attribution_window
from {{ source('takings', 'accounts') }}

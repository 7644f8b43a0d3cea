-- The accounts of the configuration: what was pulled from others stays in staging and counts nowhere. An ad account may
-- name the action that is a purchase, and the window in which it is counted.
select
    tenant_id,
    source,
    source_account,
    purchase_action,
    attribution_window
from {{ source('takings', 'accounts') }}

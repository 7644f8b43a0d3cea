-- The accounts of the configuration: what was pulled from others stays in staging and counts nowhere.
select
    tenant_id,
    source,
    source_account
from {{ source('takings', 'accounts') }}

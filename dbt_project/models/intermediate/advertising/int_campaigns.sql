select
    tenant_id,
    campaign_id,
    max(campaign_name) as campaign_name
from {{ ref('spend') }}
group by tenant_id, campaign_id

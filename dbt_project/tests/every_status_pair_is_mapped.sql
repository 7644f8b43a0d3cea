-- Orders whose pair of financial and fulfilment status is not in the seed.
select
    tenant_id,
    order_id,
    financial_status,
    fulfillment_status
from {{ ref('stg_shopify__orders') }}
where order_status is null

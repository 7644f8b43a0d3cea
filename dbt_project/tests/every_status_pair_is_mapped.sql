-- Orders whose pair of financial and fulfilment status is not in the seed.
{{ config(meta={'unit': 'order'}) }}
select
    tenant_id,
    order_id,
    financial_status,
    fulfillment_status
from {{ ref('stg_shopify__orders') }}
where order_status is null

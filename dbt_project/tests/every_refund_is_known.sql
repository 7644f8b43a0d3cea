-- Refunds that an order names and that have not been loaded, or only in an older version. Only orders that count:
-- refunds of a deleted order can no longer be requested.
{{ config(meta={'unit': 'order'}) }}
select
    order_refunds.tenant_id,
    order_refunds.source_account,
    order_refunds.refund_id
from {{ source('shopify', 'order_refunds') }} as order_refunds
inner join {{ ref('stg_shopify__orders') }} using (tenant_id, source_account, order_id)
left join {{ source('shopify', 'refunds') }} as refunds using (tenant_id, source_account, refund_id)
where refunds.refund_id is null or refunds.updated_at < order_refunds.updated_at

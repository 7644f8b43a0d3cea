-- A refund that an order names and that has not been loaded, or is older than the order says. Only orders that count:
-- a deleted order's refund can no longer be asked for.
select
    refs.tenant_id,
    refs.source_account,
    refs.refund_id
from {{ source('shopify', 'order_refunds') }} as refs
inner join {{ ref('stg_shopify__orders') }} using (tenant_id, source_account, order_id)
left join {{ source('shopify', 'refunds') }} as refunds using (tenant_id, source_account, refund_id)
where refunds.refund_id is null or refunds.updated_at < refs.updated_at

-- A refund that an order names and that has not been loaded, or is older than the order says.
select
    refs.tenant_id,
    refs.source_account,
    refs.refund_id
from {{ source('shopify', 'order_refunds') }} as refs
left join {{ source('shopify', 'refunds') }} as refunds using (tenant_id, source_account, refund_id)
where refunds.refund_id is null or refunds.updated_at < refs.updated_at

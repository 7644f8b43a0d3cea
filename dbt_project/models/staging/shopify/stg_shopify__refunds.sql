{{ config(materialized='table', meta={'unit': 'order'}) }}
with refunds as (select * from {{ source('shopify', 'refunds') }}),

orders as (select * from {{ source('shopify', 'orders') }}),

refund_lines as (select * from {{ source('shopify', 'refund_lines') }}),

order_lines as (select * from {{ source('shopify', 'order_lines') }}),

transactions as (select * from {{ source('shopify', 'refund_transactions') }}),

currencies as (select * from {{ ref('currencies') }}),

paid as (
    select
        tenant_id,
        source_account,
        refund_id,
        sum(amount) filter (where coalesce(gateway, '') not in ('gift_card', 'shopify_store_credit')) as by_gateway,
        sum(amount) filter (where gateway in ('gift_card', 'shopify_store_credit')) as as_store_credit
    from transactions
    where kind = 'REFUND' and status = 'SUCCESS' and not is_test
    group by
        tenant_id,
        source_account,
        refund_id
),

goods as (
    select
        refunds.tenant_id,
        refunds.source_account,
        refunds.refund_id,
        sum(refund_lines.subtotal - case when orders.taxes_included then refund_lines.tax else 0 end) as returned
    from refunds
    inner join refund_lines using (tenant_id, source_account, refund_id)
    inner join orders using (tenant_id, source_account, order_id)
    inner join order_lines
        on
            refunds.tenant_id = order_lines.tenant_id
            and refunds.source_account = order_lines.source_account
            and refunds.order_id = order_lines.order_id
            and refund_lines.line_item_id = order_lines.line_item_id
    where not order_lines.is_gift_card
    group by
        refunds.tenant_id,
        refunds.source_account,
        refunds.refund_id
)

select
    refunds.tenant_id,
    'shopify' as source,
    refunds.source_account,
    refunds.refund_id,
    refunds.order_id,
    coalesce(refunds.processed_at, refunds.created_at) as refunded_at,
    {{ to_minor('coalesce(goods.returned, 0)', 'currencies.minor_units') }} as value_returned_minor,
    {{ to_minor('coalesce(paid.by_gateway, 0)', 'currencies.minor_units') }} as refunded_amount_minor,
    {{ to_minor('coalesce(paid.as_store_credit, 0)', 'currencies.minor_units') }} as refunded_store_credit_minor
from refunds
left join paid using (tenant_id, source_account, refund_id)
left join goods using (tenant_id, source_account, refund_id)
left join currencies using (currency)

-- One row a refund with what was really paid back: successful transactions, by gateway or as store credit.
with refunds as (select * from {{ source('shopify', 'refunds') }}),

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
    group by all
)

select
    refunds.tenant_id,
    'shopify' as source,
    refunds.source_account,
    refunds.refund_id,
    refunds.order_id,
    coalesce(refunds.processed_at, refunds.created_at) as refunded_at,
    {{ minor('coalesce(paid.by_gateway, 0)', 'currencies.minor_units') }} as refunded_amount_minor,
    {{ minor('coalesce(paid.as_store_credit, 0)', 'currencies.minor_units') }} as refunded_store_credit_minor
from refunds
left join paid using (tenant_id, source_account, refund_id)
left join currencies using (currency)

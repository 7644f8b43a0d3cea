-- Orders whose sales do not add up to their current total, in their own currency.
{{ config(meta={'unit': 'order'}) }}
with ledger as (
    select
        tenant_id,
        source_account,
        order_id,
        sum(amount_minor) as ledger_minor
    from {{ ref('stg_shopify__sales') }}
    group by tenant_id, source_account, order_id
)

select
    orders.tenant_id,
    orders.source_account,
    orders.order_id,
    orders.current_total_minor,
    ledger.ledger_minor
from {{ ref('stg_shopify__orders') }} as orders
left join ledger using (tenant_id, source_account, order_id)
where orders.current_total_minor <> coalesce(ledger.ledger_minor, 0)

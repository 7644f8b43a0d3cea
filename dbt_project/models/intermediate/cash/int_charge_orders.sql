with charges as (select * from {{ ref('stg_stripe__charges') }}),

orders as (
    select
        tenant_id,
        order_id,
        min(source_account) as shop,
        min(channel) as channel
    from {{ ref('stg_shopify__orders') }}
    group by all
)

select
    charges.tenant_id,
    charges.source,
    charges.source_account,
    charges.charge_id,
    charges.customer_id,
    charges.named_order_id,
    orders.order_id,
    orders.shop,
    coalesce(orders.channel, 'API / direct') as channel,
    case
        when orders.order_id is not null then 'metadata'
        when charges.named_order_id is not null then 'unknown order'
        else 'none'
    end as match
from charges
left join orders on charges.tenant_id = orders.tenant_id and charges.named_order_id = orders.order_id

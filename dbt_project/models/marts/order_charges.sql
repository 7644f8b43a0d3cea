with charges as (select * from {{ ref('int_charge_orders') }}),

received as (
    select
        tenant_id,
        source_account,
        charge_id,
        min(date_day) as date_day,
        max(currency) as currency,
        max(minor_units) as minor_units,
        cast(sum(cash_received_minor) as bigint) as charged_minor
    from {{ ref('cash') }}
    where cash_received_minor <> 0 and charge_id is not null
    group by tenant_id, source_account, charge_id
),

orders as (select * from {{ ref('int_orders') }}),

channels as (
    select distinct
        source,
        channel,
        revenue_source
    from {{ ref('channels') }}
)

select
    charges.tenant_id,
    charges.source,
    charges.source_account,
    charges.charge_id,
    charges.order_id,
    charges.named_order_id,
    charges.match,
    charges.channel,
    channels.revenue_source,
    charges.customer_id,
    received.date_day,
    received.currency,
    received.minor_units,
    received.charged_minor,
    orders.order_total_minor
from charges
inner join received using (tenant_id, source_account, charge_id)
left join orders
    on
        charges.tenant_id = orders.tenant_id
        and charges.shop = orders.source_account
        and charges.order_id = orders.order_id
left join channels
    on
        charges.channel = channels.channel
        and case when charges.order_id is null then 'stripe' else 'shopify' end = channels.source

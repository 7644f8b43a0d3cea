{{ config(meta={'unit': 'account'}) }}
-- Guests (orders without a customer id) are excluded from rankings.
with orders as (
    select * from {{ ref('int_orders') }}
    where not is_guest
),

names as (
    select
        tenant_id,
        source,
        customer_id,
        {{ newest_value('customer_name', ['processed_at', 'order_id']) }} as display_name
    from orders
    group by tenant_id, source, customer_id
)

select
    orders.tenant_id,
    orders.source,
    orders.customer_key,
    orders.customer_id,
    names.display_name,
    orders.date_day,
    orders.currency,
    orders.minor_units,
    count(*) as orders_placed,
    count(*) filter (where orders.is_completed) as orders_completed,
    cast(coalesce(sum(orders.current_total_minor) filter (where orders.is_completed), 0) as bigint)
        as customer_spend_minor,
    cast(sum(orders.gross_sales_minor - orders.discounts_minor - orders.returns_minor) as bigint) as net_sales_minor
from orders
inner join names using (tenant_id, source, customer_id)
group by
    orders.tenant_id,
    orders.source,
    orders.customer_key,
    orders.customer_id,
    names.display_name,
    orders.date_day,
    orders.currency,
    orders.minor_units

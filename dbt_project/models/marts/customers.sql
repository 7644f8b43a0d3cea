{{ config(meta={'unit': 'customer'}) }}
with orders as (
    select * from {{ ref('int_orders') }}
    where is_known
)

select
    tenant_id,
    source,
    customer_key,
    max(customer_id) as customer_id,
    {{ newest_value('customer_name', ['processed_at', 'order_id']) }} as display_name,
    min(date_day) as first_order_day,
    max(date_day) as last_order_day,
    count(*) as orders_placed,
    count(*) filter (where is_completed) as orders_completed,
    max(currency) as currency,
    max(minor_units) as minor_units,
    cast(coalesce(sum(current_total_minor) filter (where is_completed), 0) as bigint) as customer_spend_minor,
    cast(sum(gross_sales_minor - discounts_minor - returns_minor) as bigint) as net_sales_minor
from orders
group by tenant_id, source, customer_key

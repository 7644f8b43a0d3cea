with orders as (select * from {{ ref('stg_shopify__orders') }}),

customers as (select * from {{ ref('stg_shopify__customers') }}),

by_email as (
    select
        tenant_id,
        email,
        min(customer_id) as customer_id
    from customers
    where email is not null
    group by all
)

select
    orders.tenant_id,
    orders.source_account,
    orders.order_id,
    orders.customer_id is null as is_guest,
    coalesce(orders.customer_id, by_email.customer_id, orders.email, 'guest:' || orders.order_id) as customer_key,
    coalesce(orders.customer_id, by_email.customer_id, orders.email) is not null as is_known
from orders
left join by_email on orders.tenant_id = by_email.tenant_id and orders.email = by_email.email

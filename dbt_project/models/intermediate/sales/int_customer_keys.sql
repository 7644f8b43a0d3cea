with orders as (select * from {{ ref('stg_shopify__orders') }}),

customers as (select * from {{ ref('stg_shopify__customers') }}),

-- one buyer who has an account in each of a tenant's shops is one customer
by_email as (
    select
        tenant_id,
        email,
        min(customer_id) as customer_id
    from customers
    where email is not null
    group by tenant_id, email
),

keys as (
    select
        orders.tenant_id,
        orders.source_account,
        orders.order_id,
        orders.date_day,
        orders.processed_at,
        orders.customer_id is null as is_guest,
        coalesce(by_email.customer_id, orders.customer_id, orders.email, 'guest:' || orders.order_id) as customer_key,
        coalesce(by_email.customer_id, orders.customer_id, orders.email) is not null as is_known
    from orders
    left join customers as buyers
        on
            orders.tenant_id = buyers.tenant_id
            and orders.source_account = buyers.source_account
            and orders.customer_id = buyers.customer_id
    left join by_email
        on
            orders.tenant_id = by_email.tenant_id
            -- an order of an account counts for that account, whatever address was typed at the checkout
            and by_email.email = case when orders.customer_id is null then orders.email else buyers.email end
)

select
    tenant_id,
    source_account,
    order_id,
    is_guest,
    customer_key,
    is_known,
    case
        when not is_known then 'guest'
        when row_number() over (partition by tenant_id, customer_key order by date_day, processed_at, order_id) = 1
            then 'new'
        else 'returning'
    end as customer_kind
from keys

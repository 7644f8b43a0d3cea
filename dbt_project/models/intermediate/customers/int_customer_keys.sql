{{ config(meta={
    'unit': 'order',
    'lookups': {
        'int_customer_accounts': ['tenant_id', 'source_account', 'customer_id'],
        'int_customer_emails': ['tenant_id', 'email'],
    },
}) }}
with orders as (select * from {{ ref('stg_shopify__orders') }}),

accounts as (select * from {{ ref('int_customer_accounts') }}),

emails as (select * from {{ ref('int_customer_emails') }}),

keys as (
    select
        orders.tenant_id,
        orders.source_account,
        orders.order_id,
        orders.customer_id,
        orders.email,
        orders.date_day,
        orders.processed_at,
        -- an order of an account counts for that account, whatever address was typed at the checkout
        case
            when orders.customer_id is null then coalesce(emails.customer_key, orders.email)
            else coalesce(accounts.customer_key, orders.customer_id)
        end as known_key
    from orders
    left join accounts using (tenant_id, source_account, customer_id)
    left join emails using (tenant_id, email)
)

select
    tenant_id,
    source_account,
    order_id,
    customer_id,
    email,
    date_day,
    processed_at,
    customer_id is null as is_guest,
    coalesce(known_key, 'guest:' || order_id) as customer_key,
    known_key is not null as is_known
from keys

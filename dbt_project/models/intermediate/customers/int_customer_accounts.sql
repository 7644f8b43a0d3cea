{{ config(meta={
    'unit': 'account',
    'lookups': {'int_customer_emails': ['tenant_id', 'email']},
    'through': {'int_customer_emails': 'stg_shopify__customers'},
}) }}
with customers as (select * from {{ ref('stg_shopify__customers') }}),

emails as (select * from {{ ref('int_customer_emails') }})

select
    customers.tenant_id,
    customers.source_account,
    customers.customer_id,
    coalesce(emails.customer_key, customers.customer_id) as customer_key
from customers
left join emails using (tenant_id, email)

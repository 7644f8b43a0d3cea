{{ config(materialized='table', meta={'unit': 'account'}) }}
with customers as (select * from {{ source('shopify', 'customers') }}),

accounts as (
    select * from {{ ref('stg_takings__accounts') }}
    where source = 'shopify'
)

select
    customers.tenant_id,
    accounts.source,
    customers.source_account,
    customers.customer_id,
    customers.display_name,
    customers.email,
    customers.created_at
from customers
inner join accounts using (tenant_id, source_account)

-- one buyer who has an account in each of a tenant's shops is one customer
{{ config(meta={'unit': 'email'}) }}
select
    tenant_id,
    email,
    min(customer_id) as customer_key
from {{ ref('stg_shopify__customers') }}
where email is not null
group by tenant_id, email

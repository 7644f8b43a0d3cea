-- One row a customer as the shop knows them today.
select
    tenant_id,
    'shopify' as source,
    source_account,
    customer_id,
    display_name,
    email,
    created_at
from {{ source('shopify', 'customers') }}

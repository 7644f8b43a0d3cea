{{ config(meta={'unit': 'customer'}) }}
with numbered as (
    select
        tenant_id,
        customer_key,
        source_account as first_source_account,
        order_id as first_order_id,
        row_number() over (
            partition by tenant_id, customer_key order by date_day, processed_at, order_id, source_account
        ) as number
    from {{ ref('int_customer_keys') }}
    where is_known
)

select
    tenant_id,
    customer_key,
    first_source_account,
    first_order_id
from numbered
where number = 1

{{ config(meta={'unit': 'order', 'sums_by': ['tenant_id', 'order_currency', 'order_minor_units', 'date_day']}) }}
with orders as (select * from {{ ref('stg_shopify__orders') }}),

sales as (select * from {{ ref('stg_shopify__sales') }}),

refunds as (select * from {{ ref('stg_shopify__refunds') }}),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

needed as (
    select
        tenant_id,
        order_currency,
        order_minor_units,
        date_day
    from orders
    union all
    select
        sales.tenant_id,
        orders.order_currency,
        orders.order_minor_units,
        {{ local_day('sales.happened_at', 'tenants.time_zone') }}
    from sales
    inner join orders using (tenant_id, source_account, order_id)
    inner join tenants using (tenant_id)
    union all
    select
        refunds.tenant_id,
        orders.order_currency,
        orders.order_minor_units,
        {{ local_day('refunds.refunded_at', 'tenants.time_zone') }}
    from refunds
    inner join orders using (tenant_id, source_account, order_id)
    inner join tenants using (tenant_id)
)

select
    tenant_id,
    order_currency,
    order_minor_units,
    date_day,
    cast(count(*) as bigint) as row_count
from needed
group by
    tenant_id,
    order_currency,
    order_minor_units,
    date_day

{{ config(meta={
    'unit': 'order',
    'lookups': {
        'int_exchange_rates': ['tenant_id', 'order_currency', 'date_day'],
    },
}) }}
with refunds as (select * from {{ ref('stg_shopify__refunds') }}),

orders as (select * from {{ ref('stg_shopify__orders') }}),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

rates as (select * from {{ ref('int_exchange_rates') }}),

days as (
    select
        refunds.*,
        orders.channel,
        orders.order_currency,
        orders.date_day as order_day,
        {{ local_day('refunds.refunded_at', 'tenants.time_zone') }} as date_day
    from refunds
    inner join orders using (tenant_id, source_account, order_id)
    inner join tenants using (tenant_id)
)

select
    days.tenant_id,
    days.source,
    days.source_account,
    days.refund_id,
    days.order_id,
    days.date_day,
    days.order_day,
    days.channel,
    days.order_currency,
    days.refunded_amount_minor as own_refunded_amount_minor,
    rates.rate,
    rates.rate_date,
    rates.currency,
    rates.minor_units,
    {{ convert('days.value_returned_minor', 'rates.factor') }} as value_returned_minor,
    {{ convert('days.refunded_amount_minor', 'rates.factor') }} as refunded_amount_minor,
    {{ convert('days.refunded_store_credit_minor', 'rates.factor') }} as refunded_store_credit_minor
from days
left join rates
    on
        days.tenant_id = rates.tenant_id
        and days.order_currency = rates.order_currency
        and days.date_day = rates.date_day

{{ config(meta={
    'unit': 'order',
    'lookups': {
        'int_exchange_rates': ['tenant_id', 'order_currency', 'date_day'],
        'int_first_orders': ['tenant_id', 'customer_key'],
    },
}) }}
{%- set families = [
    'gross_sales', 'discounts', 'returns', 'shipping', 'taxes', 'duties', 'fees', 'tips', 'gift_cards_sold',
    'adjustments'
] %}
with orders as (select * from {{ ref('stg_shopify__orders') }}),

keys as (select * from {{ ref('int_customer_keys') }}),

first_orders as (select * from {{ ref('int_first_orders') }}),

rates as (select * from {{ ref('int_exchange_rates') }}),

ledger as (
    select
        tenant_id,
        source_account,
        order_id,
        {%- for family in families %}
            cast(sum({{ family }}_minor) as bigint) as {{ family }}_minor,
        {%- endfor %}
        cast(sum(quantity) filter (where line_type = 'PRODUCT' and quantity > 0) as bigint) as units
    from {{ ref('int_ledger') }}
    group by tenant_id, source_account, order_id
),

refunds as (
    select
        tenant_id,
        source_account,
        order_id,
        cast(sum(refunded_amount_minor) as bigint) as refunded_amount_minor
    from {{ ref('int_refunds') }}
    group by tenant_id, source_account, order_id
)

select
    orders.tenant_id,
    orders.source,
    orders.source_account,
    orders.order_id,
    orders.order_name,
    orders.date_day,
    orders.processed_at,
    orders.created_at,
    orders.cancelled_at,
    orders.channel,
    keys.customer_key,
    orders.customer_id,
    orders.customer_name,
    keys.is_guest,
    keys.is_known,
    case
        when not keys.is_known then 'guest'
        when orders.order_id = first_orders.first_order_id and orders.source_account = first_orders.first_source_account
            then 'new'
        else 'returning'
    end as customer_kind,
    orders.country_code,
    orders.country,
    orders.financial_status,
    orders.fulfillment_status,
    orders.order_status,
    orders.cancelled_at is null and orders.order_status <> 'CANCELLED' as is_valid,
    orders.order_status in ('PAID', 'FULFILLING', 'SHIPPED', 'COMPLETE') as is_completed,
    orders.presentment_currency,
    rates.currency,
    rates.minor_units,
    rates.rate,
    rates.rate_date,
    rates.factor,
    orders.order_currency,
    orders.total_minor as own_order_total_minor,
    coalesce(ledger.units, 0) as units,
    {%- for family in families %}
        coalesce(ledger.{{ family }}_minor, 0) as {{ family }}_minor,
    {%- endfor %}
    {{ convert('orders.total_minor', 'rates.factor') }} as order_total_minor,
    {{ convert('orders.current_total_minor', 'rates.factor') }} as current_total_minor,
    coalesce(refunds.refunded_amount_minor, 0) as refunded_amount_minor,
    orders.run_id,
    orders.landing_part
from orders
inner join keys using (tenant_id, source_account, order_id)
left join ledger using (tenant_id, source_account, order_id)
left join refunds using (tenant_id, source_account, order_id)
left join first_orders on keys.tenant_id = first_orders.tenant_id and keys.customer_key = first_orders.customer_key
left join rates
    on
        orders.tenant_id = rates.tenant_id
        and orders.order_currency = rates.order_currency
        and orders.date_day = rates.date_day

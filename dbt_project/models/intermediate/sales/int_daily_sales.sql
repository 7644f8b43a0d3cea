{{ config(meta={'unit': 'day'}) }}
with ledger as (
    select
        tenant_id,
        source,
        channel,
        date_day,
        {%- set sums = ['gross_sales', 'discounts', 'returns', 'net_sales', 'shipping', 'taxes', 'duties', 'fees',
            'total_sales', 'tips', 'gift_cards_sold', 'adjustments'] %}
        {%- for name in sums %}
            sum({{ name }}_minor) as {{ name }}_minor,
        {%- endfor %}
        sum(quantity) filter (where line_type = 'PRODUCT' and quantity > 0) as units_sold
    from {{ ref('revenue') }}
    group by all
),

orders as (
    select
        tenant_id,
        source,
        channel,
        date_day,
        sum(gross_sales_minor - discounts_minor) as order_value_minor,
        sum(order_total_minor) as revenue_all_orders_minor,
        sum(current_total_minor) filter (where is_completed) as order_revenue_minor,
        sum(order_total_minor) filter (
            where order_status in ('REFUNDED', 'PARTIALLY_REFUNDED')
        ) as refunded_order_value_minor,
        sum(refunded_amount_minor) as refunds_by_order_date_minor,
        count(*) as orders_placed,
        count(*) filter (where is_valid) as orders_valid,
        count(*) filter (where is_completed) as orders_completed,
        count(*) filter (where order_status = 'REFUNDED') as orders_refunded,
        count(*) filter (where order_status = 'PARTIALLY_REFUNDED') as orders_partially_refunded,
        count(*) filter (where refunded_amount_minor > 0) as orders_paid_back,
        count(*) filter (where customer_kind = 'new') as new_customers
    from {{ ref('orders') }}
    group by all
),

refunds as (
    select
        tenant_id,
        source,
        channel,
        date_day,
        sum(refunded_amount_minor) as refunded_amount_minor,
        sum(refunded_store_credit_minor) as refunded_store_credit_minor,
        count(*) as refunds_made
    from {{ ref('refunds') }}
    group by all
),

days as (
    select
        tenant_id,
        source,
        channel,
        date_day
    from ledger
    union
    select
        tenant_id,
        source,
        channel,
        date_day
    from orders
    union
    select
        tenant_id,
        source,
        channel,
        date_day
    from refunds
)

select
    days.tenant_id,
    days.source,
    days.channel,
    days.date_day,
    {%- for name in sums %}
        cast(coalesce(ledger.{{ name }}_minor, 0) as bigint) as {{ name }}_minor,
    {%- endfor %}
    {%- for name in [
        'order_value_minor', 'revenue_all_orders_minor', 'order_revenue_minor', 'refunded_order_value_minor',
        'refunds_by_order_date_minor', 'orders_placed', 'orders_valid', 'orders_completed', 'orders_refunded',
        'orders_partially_refunded', 'orders_paid_back', 'new_customers'
    ] %}
        cast(coalesce(orders.{{ name }}, 0) as bigint) as {{ name }},
    {%- endfor %}
    {%- for name in ['refunded_amount_minor', 'refunded_store_credit_minor', 'refunds_made'] %}
        cast(coalesce(refunds.{{ name }}, 0) as bigint) as {{ name }},
    {%- endfor %}
    cast(coalesce(ledger.units_sold, 0) as bigint) as units_sold
from days
left join ledger using (tenant_id, source, channel, date_day)
left join orders using (tenant_id, source, channel, date_day)
left join refunds using (tenant_id, source, channel, date_day)

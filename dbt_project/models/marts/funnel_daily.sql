-- Visits count on the day they began, orders on their own day, so a step is not strictly a part of the step before it.
-- `orders_ever` uses the fulfilment status, which a refund does not change.
with visits as (select * from {{ ref('int_daily_sessions') }}),

orders as (select * from {{ ref('orders') }}),

days as (
    select
        tenant_id,
        date_day,
        sessions,
        sessions_with_cart,
        sessions_reached_checkout,
        sessions_ordered
    from visits
    union all by name
    select
        tenant_id,
        date_day,
        count(*) filter (where is_completed) as orders_confirmed,
        count(*) filter (where order_status = 'SHIPPED') as orders_shipped,
        count(*) filter (where fulfillment_status = 'FULFILLED') as orders_shipped_ever
    from orders
    group by all
),

steps as (
    {%- for funnel, shipped in [('orders', 'orders_shipped'), ('orders_ever', 'orders_shipped_ever')] %}
        {{ funnel_steps(funnel, {
            'Sessions Started': 'sessions_reached_checkout',
            'Sessions Completed': 'sessions_ordered',
            'Orders Confirmed': 'orders_confirmed',
            'Orders Shipped': shipped,
        }) }}
        union all
    {%- endfor %}
    {{ funnel_steps('web', {
        'Sessions': 'sessions',
        'Added to cart': 'sessions_with_cart',
        'Reached checkout': 'sessions_reached_checkout',
        'Ordered': 'sessions_ordered',
    }) }}
)

select
    tenant_id,
    funnel,
    cast(step_number as integer) as step_number,
    step,
    date_day,
    cast(coalesce(sum(step_count), 0) as bigint) as step_count
from steps
group by all

-- Three funnels in long form. Visits stand on the day they began, orders on their own, so a step is no part of the one
-- before it in the strict sense. `orders` is literal: an order that is complete is no longer SHIPPED. `orders_ever`
-- asks the fulfilment, which a refund does not undo: it counts shipped orders that are no longer confirmed.
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

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
),

-- where no visit is known yet, a funnel begins at the orders: a step of zero visits would say that nobody came
first_visits as (
    select
        tenant_id,
        min(date_day) as date_day
    from visits
    where sessions > 0
    group by tenant_id
)

select
    steps.tenant_id,
    steps.funnel,
    cast(steps.step_number as integer) as step_number,
    steps.step,
    steps.date_day,
    cast(coalesce(sum(steps.step_count), 0) as bigint) as step_count
from steps
left join first_visits using (tenant_id)
where steps.date_day >= first_visits.date_day or steps.step in ('Orders Confirmed', 'Orders Shipped')
group by steps.tenant_id, steps.funnel, steps.step_number, steps.step, steps.date_day

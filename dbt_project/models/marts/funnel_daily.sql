-- Visits count on the day they began, orders on their own day: in `orders` and `orders_ever` a step may be larger than
-- the one before it. In `visits` a visit that reached a step counts in all steps before it.
-- `orders_ever` and `visits` use the fulfilment status, which a refund does not change.
with visits as (select * from {{ ref('int_daily_sessions') }}),

orders as (select * from {{ ref('int_order_days') }}),

sessions as (select * from {{ ref('sessions') }}),

days as (
    select
        tenant_id,
        date_day,
        sessions,
        sessions_with_cart,
        sessions_reached_checkout,
        sessions_ordered,
        cast(null as bigint) as orders_confirmed,
        cast(null as bigint) as orders_shipped,
        cast(null as bigint) as orders_shipped_ever
    from visits
    union all
    select
        tenant_id,
        date_day,
        cast(null as bigint) as sessions,
        cast(null as bigint) as sessions_with_cart,
        cast(null as bigint) as sessions_reached_checkout,
        cast(null as bigint) as sessions_ordered,
        completed_orders as orders_confirmed,
        shipped_orders as orders_shipped,
        sent_orders as orders_shipped_ever
    from orders
),

shipped as (
    select distinct
        tenant_id,
        order_id
    from {{ ref('orders') }}
    where fulfillment_status = 'FULFILLED' and order_id in (select sessions.order_id from sessions)
),

tracked as (
    select
        sessions.tenant_id,
        sessions.date_day,
        count(*) as visited,
        count(*) filter (where sessions.has_cart or sessions.has_checkout or sessions.has_order) as used_cart,
        count(*) filter (where sessions.has_checkout or sessions.has_order) as used_checkout,
        count(*) filter (where sessions.has_order) as ordered,
        count(shipped.order_id) filter (where sessions.has_order) as sent
    from sessions
    left join shipped using (tenant_id, order_id)
    group by sessions.tenant_id, sessions.date_day
),

tenants_with_events as (select distinct tenant_id from tracked),

-- the shop's own report does not say which visit ordered: no more orders are sent than visits ordered
reported as (
    select
        shop.tenant_id,
        shop.date_day,
        greatest(shop.sessions, shop.sessions_with_cart, shop.sessions_reached_checkout, shop.sessions_ordered)
            as visited,
        greatest(shop.sessions_with_cart, shop.sessions_reached_checkout, shop.sessions_ordered) as used_cart,
        greatest(shop.sessions_reached_checkout, shop.sessions_ordered) as used_checkout,
        shop.sessions_ordered as ordered,
        least(shop.sessions_ordered, coalesce(orders.sent_online_orders, 0)) as sent
    from {{ ref('int_shop_sessions') }} as shop
    left join tenants_with_events using (tenant_id)
    left join orders using (tenant_id, date_day)
    where tenants_with_events.tenant_id is null
),

visit_days as (
    select * from tracked
    union all
    select * from reported
),

steps as (
    {{ funnel_steps('visits', {
        'Visited': 'visited', 'Cart': 'used_cart', 'Checkout': 'used_checkout', 'Ordered': 'ordered', 'Shipped': 'sent',
    }, 'visit_days') }}
    union all
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
),

counted as (
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
)

select
    tenant_id,
    funnel,
    step_number,
    step,
    date_day,
    step_count,
    lag(step_count) over (
        partition by tenant_id, funnel, date_day order by step_number
    ) as previous_count
from counted

-- Days whose counted visits do not come from one source, or with more orders from carts than carts.
with traffic as (
    select
        tenant_id,
        date_day,
        sum(counted_sessions) as sessions,
        sum(counted_sessions_ordered) as sessions_ordered,
        count(distinct source) filter (where is_counted) as sources
    from {{ ref('sessions_daily') }}
    group by tenant_id, date_day
),

days as (
    select
        tenant_id,
        date_day,
        sum(sessions) as sessions,
        sum(sessions_ordered) as sessions_ordered,
        sum(sessions_with_cart) as sessions_with_cart,
        sum(cart_sessions_ordered) as cart_sessions_ordered
    from {{ ref('metrics_daily') }}
    group by tenant_id, date_day
)

select
    days.tenant_id,
    days.date_day,
    days.sessions,
    traffic.sessions as traffic_sessions,
    traffic.sources
from days
left join traffic using (tenant_id, date_day)
where
    days.sessions <> coalesce(traffic.sessions, 0)
    or days.sessions_ordered <> coalesce(traffic.sessions_ordered, 0)
    or traffic.sources > 1
    or days.cart_sessions_ordered > days.sessions_with_cart

select
    tenant_id,
    source,
    date_day,
    sum(sessions) as sessions,
    sum(visitors) as visitors,
    sum(sessions_with_cart) as sessions_with_cart,
    sum(sessions_reached_checkout) as sessions_reached_checkout,
    sum(sessions_ordered) as sessions_ordered,
    sum(least(sessions_ordered, sessions_with_cart)) as cart_sessions_ordered,
    0 as add_to_carts
from {{ ref('stg_shopify__sessions_totals') }}
group by tenant_id, source, date_day

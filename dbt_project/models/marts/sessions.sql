{%- set order_by = ['occurred_at', 'event_id'] %}
with events as (
    select * from {{ ref('events') }}
    where session_key is not null
)

select
    tenant_id,
    source,
    source_account,
    session_key,
    {{ first_value_where('date_day', order_by) }} as date_day,
    min(occurred_at) as started_at,
    max(occurred_at) as ended_at,
    {{ first_value_where('user_key', order_by, 'user_key is not null') }} as user_key,
    coalesce({{ first_value_where('utm_source', order_by, 'utm_source is not null') }}, 'direct') as traffic_source,
    {{ first_value_where('utm_campaign', order_by, 'utm_campaign is not null') }} as utm_campaign,
    count(*) filter (where event_name = 'page_view') as page_views,
    count(*) filter (where event_name = 'add_to_cart') as add_to_carts,
    count(*) filter (where event_name = 'add_to_cart') > 0 as has_cart,
    count(*) filter (where event_name = 'checkout_started') > 0 as has_checkout,
    count(*) filter (where event_name = 'order_submitted') > 0 as has_order,
    {{ first_value_where('order_id', order_by, "event_name = 'order_submitted'") }} as order_id
from events
group by tenant_id, source, source_account, session_key

-- The first rule that applies decides, then the session that began last: an order counts once. An order that was placed
-- before a session began was not assisted by it.
{{ config(meta={'unit': 'order', 'lookups': {'events': ['tenant_id', 'order_id']}, 'through': {'events': 'orders'}}) }}
with sessions as (select * from {{ ref('int_chat_sessions') }}),

web_orders as (
    select distinct
        tenant_id,
        order_id,
        session_key,
        anonymous_id
    from {{ ref('events') }}
    where order_id is not null
),

orders as (
    select * from {{ ref('orders') }}
    where
        order_id in (select web_orders.order_id from web_orders)
        or customer_id in (select sessions.customer_id from sessions)
),

clicks as (
    select
        clicked.tenant_id,
        clicked.session_id,
        {{ shopify_id('clicked.product_id') }} as product_id,
        clicked.occurred_at,
        coalesce(nullif(trim(clicked.visitor_id), ''), sessions.visitor_id) as visitor_id
    from {{ ref('stg_records__product_events') }} as clicked
    inner join sessions on clicked.tenant_id = sessions.tenant_id and clicked.session_id = sessions.session_id
    where clicked.event_type = 'clicked'
),

lines_of_visits as (
    select
        tenant_id,
        order_id,
        lines.source_account,
        lines.product_id,
        lines.sku
    from {{ ref('stg_shopify__order_lines') }} as lines
    inner join web_orders using (tenant_id, order_id)
),

lines as (
    select
        tenant_id,
        source_account,
        order_id,
        product_id
    from lines_of_visits
    where product_id is not null
    union
    select
        tenant_id,
        source_account,
        order_id,
        sku as product_id
    from lines_of_visits
    where sku is not null
),

matches as (
    select
        1 as place,
        'visit' as rule,
        orders.tenant_id,
        orders.source_account,
        orders.order_id,
        sessions.session_id,
        sessions.started_at
    from sessions
    inner join web_orders
        on sessions.tenant_id = web_orders.tenant_id and sessions.visit_id = web_orders.session_key
    inner join orders on web_orders.tenant_id = orders.tenant_id and web_orders.order_id = orders.order_id
    where orders.processed_at >= sessions.started_at
    union all
    select
        2 as place,
        'customer' as rule,
        orders.tenant_id,
        orders.source_account,
        orders.order_id,
        sessions.session_id,
        sessions.started_at
    from sessions
    inner join orders on sessions.tenant_id = orders.tenant_id and sessions.customer_id = orders.customer_id
    where
        orders.processed_at >= sessions.started_at
        and orders.processed_at <= sessions.started_at + interval '24' hour
    union all
    select
        3 as place,
        'click' as rule,
        orders.tenant_id,
        orders.source_account,
        orders.order_id,
        sessions.session_id,
        sessions.started_at
    from clicks
    inner join sessions on clicks.tenant_id = sessions.tenant_id and clicks.session_id = sessions.session_id
    inner join web_orders on clicks.tenant_id = web_orders.tenant_id and clicks.visitor_id = web_orders.anonymous_id
    inner join lines
        on
            web_orders.tenant_id = lines.tenant_id
            and web_orders.order_id = lines.order_id
            and clicks.product_id = lines.product_id
    inner join orders
        on
            lines.tenant_id = orders.tenant_id
            and lines.source_account = orders.source_account
            and lines.order_id = orders.order_id
    where
        orders.processed_at >= clicks.occurred_at
        and orders.processed_at <= clicks.occurred_at + interval '7' day
),

ranked as (
    select
        *,
        row_number() over (
            partition by tenant_id, source_account, order_id
            order by place asc, started_at desc nulls last, session_id asc
        ) as match_number
    from matches
)

select
    orders.tenant_id,
    orders.source,
    orders.source_account,
    orders.order_id,
    orders.order_name,
    orders.date_day,
    orders.processed_at,
    ranked.rule,
    ranked.session_id,
    sessions.variant,
    sessions.date_day as session_day,
    sessions.started_at as session_started_at,
    orders.currency,
    orders.minor_units,
    orders.net_sales_minor,
    cast(1 as bigint) as assisted_orders
from ranked
inner join orders using (tenant_id, source_account, order_id)
inner join sessions on ranked.tenant_id = sessions.tenant_id and ranked.session_id = sessions.session_id
where ranked.match_number = 1

-- Sessions count on the day on which they began, messages and costs on their own day, orders on theirs.
{%- set measures = [
    'sessions', 'sessions_with_order', 'sessions_with_duration', 'duration_seconds', 'rated_sessions', 'rating_points',
    'messages', 'user_messages', 'assistant_messages', 'messages_without_cost', 'cost_micros', 'assisted_orders',
    'assisted_net_sales_minor'
] %}
{%- set known = {
    'sessions_with_order': 'sources.has_shop', 'assisted_orders': 'sources.has_shop',
    'assisted_net_sales_minor': 'sources.has_shop', 'messages': 'with_messages.tenant_id is not null',
    'user_messages': 'with_messages.tenant_id is not null', 'assistant_messages': 'with_messages.tenant_id is not null',
    'messages_without_cost': 'with_messages.tenant_id is not null', 'cost_micros': 'with_messages.tenant_id is not null'
} %}
with sessions as (select * from {{ ref('chat_sessions') }}),

messages as (select * from {{ ref('chat_messages') }}),

with_messages as (select distinct tenant_id from messages),

sources as (select * from {{ ref('int_known_sources') }}),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

days as (
    select
        tenant_id,
        date_day,
        variant,
        sum(sessions) as sessions,
        sum(sessions_with_order) as sessions_with_order,
        sum(sessions_with_duration) as sessions_with_duration,
        sum(duration_seconds) as duration_seconds,
        sum(rated_sessions) as rated_sessions,
        sum(satisfaction) as rating_points,
        0 as messages,
        0 as user_messages,
        0 as assistant_messages,
        0 as messages_without_cost,
        0 as cost_micros,
        0 as assisted_orders,
        0 as assisted_net_sales_minor
    from sessions
    group by tenant_id, date_day, variant
    union all
    select
        tenant_id,
        date_day,
        variant,
        0 as sessions,
        0 as sessions_with_order,
        0 as sessions_with_duration,
        0 as duration_seconds,
        0 as rated_sessions,
        0 as rating_points,
        sum(messages) as messages,
        sum(user_messages) as user_messages,
        sum(assistant_messages) as assistant_messages,
        sum(messages_without_cost) as messages_without_cost,
        sum(cost_micros) as cost_micros,
        0 as assisted_orders,
        0 as assisted_net_sales_minor
    from messages
    group by tenant_id, date_day, variant
    union all
    select
        tenant_id,
        date_day,
        variant,
        0 as sessions,
        0 as sessions_with_order,
        0 as sessions_with_duration,
        0 as duration_seconds,
        0 as rated_sessions,
        0 as rating_points,
        0 as messages,
        0 as user_messages,
        0 as assistant_messages,
        0 as messages_without_cost,
        0 as cost_micros,
        sum(assisted_orders) as assisted_orders,
        sum(net_sales_minor) as assisted_net_sales_minor
    from {{ ref('assisted_orders') }}
    group by tenant_id, date_day, variant
)

select
    days.tenant_id,
    days.date_day,
    days.variant,
    tenants.currency,
    tenants.minor_units,
{%- for name in measures %}
    cast(
        case when {{ known.get(name, 'true') }} then coalesce(sum(days.{{ name }}), 0) end as bigint
    ) as {{ name }}{{ ',' if not loop.last }}
{%- endfor %}
from days
inner join tenants on days.tenant_id = tenants.tenant_id
inner join sources on days.tenant_id = sources.tenant_id
left join with_messages on days.tenant_id = with_messages.tenant_id
group by
    days.tenant_id,
    days.date_day,
    days.variant,
    tenants.currency,
    tenants.minor_units,
    sources.has_shop,
    with_messages.tenant_id

-- The cost of a session is unknown where that of one of its messages is. A tenant without any message has sessions
-- alone: how many messages they had is unknown.
with sessions as (select * from {{ ref('int_chat_sessions') }}),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

messages as (
    select
        tenant_id,
        session_id,
        {%- for name in ['messages', 'user_messages', 'assistant_messages', 'messages_without_cost'] %}
            sum({{ name }}) as {{ name }},
        {%- endfor %}
        {%- for kind in cost_parts() %}
            sum({{ kind }}_tokens) as {{ kind }}_tokens,
        {%- endfor %}
        sum(cost_micros) as cost_micros,
        sum(own_cost_micros) as own_cost_micros,
        sum(reported_cost_micros) as reported_cost_micros
    from {{ ref('chat_messages') }}
    group by tenant_id, session_id
),

tenants_with_messages as (select distinct tenant_id from messages),

numbered as (
    select
        tenant_id,
        session_id,
        order_id,
        rule,
        net_sales_minor,
        row_number() over (partition by tenant_id, session_id order by processed_at, order_id) as order_number
    from {{ ref('assisted_orders') }}
),

orders as (
    select
        tenant_id,
        session_id,
        count(*) as assisted_orders,
        sum(net_sales_minor) as assisted_net_sales_minor,
        max(case when order_number = 1 then order_id end) as order_id,
        max(case when order_number = 1 then rule end) as rule
    from numbered
    group by tenant_id, session_id
),

shops as (select * from {{ ref('int_known_sources') }})

select
    sessions.tenant_id,
    sessions.source,
    sessions.source_account,
    sessions.session_id,
    sessions.date_day,
    sessions.started_at,
    {{ local_time('sessions.started_at', 'tenants.time_zone') }} as started_local,
    sessions.ended_at,
    sessions.last_message_at,
    {{ seconds_between('sessions.started_at', 'sessions.ended_at') }} as duration_seconds,
    cast(case when sessions.ended_at is null then 0 else 1 end as bigint) as sessions_with_duration,
    sessions.customer_id,
    sessions.visitor_id,
    sessions.visit_id,
    sessions.variant,
    sessions.language,
    {%- for name in ['messages', 'user_messages', 'assistant_messages', 'messages_without_cost'] %}
        cast(
            case when tenants_with_messages.tenant_id is not null then coalesce(messages.{{ name }}, 0) end as bigint
        ) as {{ name }},
    {%- endfor %}
    {%- for kind in cost_parts() %}
        cast(
            case
                when tenants_with_messages.tenant_id is not null then coalesce(messages.{{ kind }}_tokens, 0)
            end as bigint
        ) as {{ kind }}_tokens,
    {%- endfor %}
    sessions.currency,
    sessions.minor_units,
    {%- for name in ['cost_micros', 'own_cost_micros'] %}
        cast(
            case
                when tenants_with_messages.tenant_id is null then null
                when coalesce(messages.messages_without_cost, 0) = 0 then coalesce(messages.{{ name }}, 0)
            end as bigint
        ) as {{ name }},
    {%- endfor %}
    cast(coalesce(sessions.reported_cost_micros, messages.reported_cost_micros) as bigint) as reported_cost_micros,
    sessions.satisfaction,
    cast(case when sessions.satisfaction is null then 0 else 1 end as bigint) as rated_sessions,
    orders.order_id,
    orders.rule,
    cast(case when shops.has_shop then coalesce(orders.assisted_orders, 0) end as bigint) as assisted_orders,
    cast(
        case when shops.has_shop then coalesce(orders.assisted_net_sales_minor, 0) end as bigint
    ) as assisted_net_sales_minor,
    cast(
        case when shops.has_shop then case when orders.order_id is null then 0 else 1 end end as bigint
    ) as sessions_with_order,
    cast(1 as bigint) as sessions
from sessions
inner join tenants on sessions.tenant_id = tenants.tenant_id
inner join shops on sessions.tenant_id = shops.tenant_id
left join tenants_with_messages on sessions.tenant_id = tenants_with_messages.tenant_id
left join messages on sessions.tenant_id = messages.tenant_id and sessions.session_id = messages.session_id
left join orders on sessions.tenant_id = orders.tenant_id and sessions.session_id = orders.session_id

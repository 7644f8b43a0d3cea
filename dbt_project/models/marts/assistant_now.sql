-- The window ends when the chat's sources were last read, never at the clock of a reader.
with sessions as (select * from {{ ref('chat_sessions') }}),

messages as (select * from {{ ref('chat_messages') }}),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

build_info as (select * from {{ ref('build_info') }}),

cursors as (
    select
        cursors.tenant_id,
        min(cursors.loaded_until) as loaded_until
    from {{ source('takings', 'cursors') }} as cursors
    inner join {{ ref('stg_takings__accounts') }} as accounts
        on
            cursors.tenant_id = accounts.tenant_id
            and cursors.source = accounts.source
            and cursors.source_account = accounts.source_account
    where cursors.stream in ('chat_sessions', 'chat_messages')
    group by cursors.tenant_id
),

windows as (
    select
        tenants.tenant_id,
        tenants.currency,
        tenants.minor_units,
        coalesce(cursors.loaded_until, build_info.as_of) as window_end,
        {{ local_time('coalesce(cursors.loaded_until, build_info.as_of)', 'tenants.time_zone') }} as end_local,
        {{ local_time("coalesce(cursors.loaded_until, build_info.as_of) - interval '1' hour", 'tenants.time_zone') }}
            as start_local
    from tenants
    inner join build_info on tenants.tenant_id = build_info.tenant_id
    left join cursors on tenants.tenant_id = cursors.tenant_id
),

session_counts as (
    select
        sessions.tenant_id,
        sum(sessions.sessions) as sessions_in_all,
        sum(case when sessions.date_day = cast(windows.end_local as date) then sessions.sessions else 0 end)
            as sessions_today
    from sessions
    inner join windows on sessions.tenant_id = windows.tenant_id
    group by sessions.tenant_id
),

message_counts as (
    select
        messages.tenant_id,
        sum(messages.messages) as messages_today,
        sum(messages.messages_without_cost) as messages_without_cost_today,
        sum(messages.cost_micros) as cost_today_micros
    from messages
    inner join windows on messages.tenant_id = windows.tenant_id
    where messages.date_day = cast(windows.end_local as date)
    group by messages.tenant_id
),

tenants_with_messages as (select distinct tenant_id from messages),

moments as (
    select
        tenant_id,
        session_id,
        started_at as happened_at
    from sessions
    union all
    select
        tenant_id,
        session_id,
        created_at as happened_at
    from messages
),

active as (
    select
        moments.tenant_id,
        count(distinct moments.session_id) as active_sessions
    from moments
    inner join windows on moments.tenant_id = windows.tenant_id
    where
        moments.happened_at > windows.window_end - interval '1' hour
        and moments.happened_at <= windows.window_end
    group by moments.tenant_id
)

select
    windows.tenant_id,
    cast(windows.end_local as date) as today,
    windows.window_end - interval '1' hour as window_start,
    windows.window_end,
    substr(cast(windows.start_local as varchar), 12, 5) || ' to ' || substr(cast(windows.end_local as varchar), 12, 5)
    || ' on ' || {{ day_text('cast(windows.end_local as date)') }} as window_text,
    windows.currency,
    windows.minor_units,
    cast(session_counts.sessions_in_all as bigint) as sessions_in_all,
    cast(session_counts.sessions_today as bigint) as sessions_today,
    cast(coalesce(active.active_sessions, 0) as bigint) as active_sessions,
{%- for name in ['messages_today', 'messages_without_cost_today', 'cost_today_micros'] %}
    cast(
        case when tenants_with_messages.tenant_id is not null then coalesce(message_counts.{{ name }}, 0) end
        as bigint
    ) as {{ name }}{{ ',' if not loop.last }}
{%- endfor %}
from windows
inner join session_counts on windows.tenant_id = session_counts.tenant_id
left join message_counts on windows.tenant_id = message_counts.tenant_id
left join active on windows.tenant_id = active.tenant_id
left join tenants_with_messages on windows.tenant_id = tenants_with_messages.tenant_id

-- A session without an id is what one person did without a break of 30 minutes. API calls and feature uses start no
-- session. Only the events that need such a session are put in order: it is the dearest step.
with events as (select * from {{ ref('stg_records__events') }}),

without_id as (
    select
        tenant_id,
        source_account,
        user_key,
        event_id,
        occurred_at
    from {{ ref('stg_records__events') }}
    where session_id is null and user_key is not null and event_name not in ('api_call', 'feature_used')
),

starts as (
    select
        *,
        coalesce(occurred_at - lag(occurred_at) over in_order >= interval '30' minute, true) as is_first
    from without_id
    window in_order as (partition by tenant_id, source_account, user_key order by occurred_at, event_id)
),

sessions as (
    select
        tenant_id,
        event_id,
        max(case when is_first then occurred_at end) over (
            partition by tenant_id, source_account, user_key
            order by occurred_at, event_id
            rows unbounded preceding
        ) as session_start
    from starts
)

select
    events.tenant_id,
    events.source,
    events.source_account,
    events.event_id,
    events.occurred_at,
    events.date_day,
    events.event_name,
    case
        when events.session_id is not null then events.session_id
        when sessions.session_start is not null
            then events.user_key || ' ' || {{ instant_text('sessions.session_start') }}
    end as session_key,
    events.user_id,
    events.anonymous_id,
    events.user_key,
    events.order_id,
    events.feature,
    events.endpoint,
    events.status_code,
    events.utm_source,
    events.utm_medium,
    events.utm_campaign,
    events.run_id,
    events.landing_part,
    cast(1 as bigint) as event_number
from events
left join sessions using (tenant_id, event_id)

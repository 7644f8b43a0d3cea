-- A session without an id is what one person did without a break of 30 minutes. API calls and feature uses start no
-- session.
with events as (
    select
        *,
        session_id is null and user_key is not null and event_name not in ('api_call', 'feature_used') as needs_key
    from {{ ref('stg_records__events') }}
),

starts as (
    select
        *,
        needs_key and coalesce(occurred_at - lag(occurred_at) over in_order >= interval 30 minutes, true) as is_first
    from events
    window in_order as (
        partition by tenant_id, source_account, needs_key, user_key order by occurred_at, event_id
    )
),

sessions as (
    select
        *,
        max(case when is_first then occurred_at end) over (
            partition by tenant_id, source_account, needs_key, user_key
            order by occurred_at, event_id
            rows unbounded preceding
        ) as session_start
    from starts
)

select
    tenant_id,
    source,
    source_account,
    event_id,
    occurred_at,
    date_day,
    event_name,
    case
        when session_id is not null then session_id
        when needs_key then user_key || ' ' || strftime(session_start, '%Y-%m-%dT%H:%M:%S.%fZ')
    end as session_key,
    user_id,
    anonymous_id,
    user_key,
    order_id,
    feature,
    endpoint,
    status_code,
    utm_source,
    utm_medium,
    utm_campaign,
    run_id,
    landing_part,
    cast(1 as bigint) as event_number
from sessions

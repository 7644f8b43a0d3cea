-- One row an event with the session it belongs to: the id it came with, else what one person did without a break of 30
-- minutes, named by its person and its beginning. What an app tells without a session's id is no visit.
with events as (
    select
        *,
        session_id is null and user_key is not null and event_name not in ('api_call', 'feature_used') as is_alone
    from {{ ref('stg_files__events') }}
),

begun as (
    select
        *,
        is_alone and coalesce(occurred_at - lag(occurred_at) over in_order >= interval 30 minutes, true) as is_first
    from events
    window in_order as (
        partition by tenant_id, source_account, is_alone, user_key order by occurred_at, event_id
    )
),

placed as (
    select
        *,
        max(case when is_first then occurred_at end) over (
            partition by tenant_id, source_account, is_alone, user_key
            order by occurred_at, event_id
            rows unbounded preceding
        ) as session_start
    from begun
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
        when is_alone then user_key || ' ' || strftime(session_start, '%Y-%m-%dT%H:%M:%S.%fZ')
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
from placed

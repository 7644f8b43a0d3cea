with states as (select * from {{ source('stripe', 'subscriptions_history') }}),

events as (
    select * from {{ source('stripe', 'events') }}
    where type like 'customer.subscription.%'
),

accounts as (
    select * from {{ ref('stg_takings__accounts') }}
    where source = 'stripe'
),

history as (
    select
        states.*,
        accounts.source,
        lag(states.seen_at) over (
            partition by states.tenant_id, states.source_account, states.subscription_id order by states.seen_at
        ) as previous_seen_at
    from states
    inner join accounts using (tenant_id, source_account)
),

changes as (
    select
        history.tenant_id,
        history.source_account,
        history.subscription_id,
        history.seen_at,
        max(events.created_at) as changed_at
    from history
    inner join events
        on
            history.tenant_id = events.tenant_id
            and history.source_account = events.source_account
            and history.subscription_id = events.object_id
            and history.seen_at >= events.created_at
            and coalesce(history.previous_seen_at, timestamp '1970-01-01') < events.created_at
    group by history.tenant_id, history.source_account, history.subscription_id, history.seen_at
)

select
    history.tenant_id,
    history.source,
    history.source_account,
    history.subscription_id,
    history.seen_at,
    coalesce(changes.changed_at, history.seen_at) as valid_from,
    history.status,
    coalesce(history.pause_behavior, '') = 'void' as is_paused
from history
left join changes using (tenant_id, source_account, subscription_id, seen_at)

-- One row a state that a subscription was seen in, from when it holds: the newest event that told of a change between
-- this look and the one before, else the look itself.
with states as (select * from {{ source('stripe', 'subscriptions_history') }}),

events as (
    select * from {{ source('stripe', 'events') }}
    where type like 'customer.subscription.%'
),

accounts as (
    select * from {{ ref('stg_takings__accounts') }}
    where source = 'stripe'
),

looks as (
    select
        states.*,
        accounts.source,
        lag(states.seen_at) over (
            partition by states.tenant_id, states.source_account, states.subscription_id order by states.seen_at
        ) as seen_before
    from states
    inner join accounts using (tenant_id, source_account)
),

told as (
    select
        looks.tenant_id,
        looks.source_account,
        looks.subscription_id,
        looks.seen_at,
        max(events.created_at) as told_at
    from looks
    inner join events
        on
            looks.tenant_id = events.tenant_id
            and looks.source_account = events.source_account
            and looks.subscription_id = events.object_id
            and looks.seen_at >= events.created_at
            and coalesce(looks.seen_before, timestamp '1970-01-01') < events.created_at
    group by all
)

select
    looks.tenant_id,
    looks.source,
    looks.source_account,
    looks.subscription_id,
    looks.seen_at,
    coalesce(told.told_at, looks.seen_at) as holds_from,
    looks.status,
    coalesce(looks.pause_behavior, '') = 'void' as is_paused
from looks
left join told using (tenant_id, source_account, subscription_id, seen_at)

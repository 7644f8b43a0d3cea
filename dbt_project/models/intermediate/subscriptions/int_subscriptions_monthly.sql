with months as (select * from {{ ref('int_mrr_months') }}),

subscriptions as (select * from {{ ref('stg_stripe__subscriptions') }}),

states as (select * from {{ ref('stg_stripe__subscription_states') }}),

running as (
    select
        months.month,
        months.ends_at,
        months.rate_day,
        months.is_estimated,
        subscriptions.*
    from months
    inner join subscriptions using (tenant_id, source_account)
    where
        subscriptions.started_at < months.ends_at
        and (subscriptions.ended_at is null or subscriptions.ended_at >= months.ends_at)
),

ranked as (
    select
        running.tenant_id,
        running.source,
        running.source_account,
        running.month,
        running.ends_at,
        running.rate_day,
        running.is_estimated,
        running.subscription_id,
        running.customer_id,
        running.customer_name,
        running.customer_email,
        running.own_currency,
        -- a state recorded in time decides; else the trial's dates, which may have been set later, then the status
        case
            when not running.is_estimated and states.valid_from <= running.ends_at
                then states.status in ('active', 'past_due') and not states.is_paused
            when running.trial_started_at < running.ends_at and running.trial_ends_at >= running.ends_at then false
            when running.is_estimated then running.status <> 'paused'
            else states.status in ('active', 'past_due', 'trialing') and not states.is_paused
        end as is_counting,
        states.seen_at,
        row_number() over (
            partition by running.tenant_id, running.source_account, running.subscription_id, running.month
            order by
                coalesce(states.valid_from <= running.ends_at, false) desc nulls last,
                case when states.valid_from <= running.ends_at then states.seen_at end desc nulls last,
                states.seen_at
        ) as state_number
    from running
    left join states
        on
            running.tenant_id = states.tenant_id
            and running.source_account = states.source_account
            and running.subscription_id = states.subscription_id
)

select
    tenant_id,
    source,
    source_account,
    month,
    ends_at,
    rate_day,
    is_estimated,
    subscription_id,
    customer_id,
    customer_name,
    customer_email,
    own_currency,
    is_counting,
    seen_at
from ranked
where state_number = 1

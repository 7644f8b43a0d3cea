-- A backdated subscription that was created after the first sync must not change earlier months.
with subscriptions as (select * from {{ source('stripe', 'subscriptions') }}),

customers as (select * from {{ source('stripe', 'customers') }}),

accounts as (
    select * from {{ ref('stg_takings__accounts') }}
    where source = 'stripe'
),

first_syncs as (
    select
        tenant_id,
        source_account,
        min(seen_at) as first_seen_at
    from {{ source('stripe', 'subscriptions_history') }}
    group by tenant_id, source_account
)

select
    subscriptions.tenant_id,
    accounts.source,
    subscriptions.source_account,
    subscriptions.subscription_id,
    subscriptions.customer_id,
    customers.name as customer_name,
    lower(customers.email) as customer_email,
    subscriptions.currency as own_currency,
    subscriptions.status,
    case
        when subscriptions.created_at > first_syncs.first_seen_at
            then greatest(subscriptions.start_date, subscriptions.created_at)
        else coalesce(subscriptions.start_date, subscriptions.created_at)
    end as started_at,
    subscriptions.trial_start as trial_started_at,
    subscriptions.trial_end as trial_ends_at,
    subscriptions.ended_at,
    coalesce(subscriptions.has_automatic_tax, false) as has_automatic_tax
from subscriptions
inner join accounts using (tenant_id, source_account)
left join customers using (tenant_id, source_account, customer_id)
left join first_syncs using (tenant_id, source_account)
where
    subscriptions.livemode is distinct from false
    and subscriptions.status not in ('incomplete', 'incomplete_expired')

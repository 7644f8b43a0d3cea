-- One row a subscription in live mode that ever began, as it is today. One whose first payment never came did not.
with subscriptions as (select * from {{ source('stripe', 'subscriptions') }}),

customers as (select * from {{ source('stripe', 'customers') }}),

accounts as (
    select * from {{ ref('stg_takings__accounts') }}
    where source = 'stripe'
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
    coalesce(subscriptions.start_date, subscriptions.created_at) as started_at,
    subscriptions.trial_start as trial_started_at,
    subscriptions.trial_end as trial_ends_at,
    subscriptions.ended_at,
    coalesce(subscriptions.has_automatic_tax, false) as has_automatic_tax
from subscriptions
inner join accounts using (tenant_id, source_account)
left join customers using (tenant_id, source_account, customer_id)
where
    subscriptions.livemode is distinct from false
    and subscriptions.status not in ('incomplete', 'incomplete_expired')

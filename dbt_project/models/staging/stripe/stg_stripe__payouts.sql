with payouts as (select * from {{ source('stripe', 'payouts') }}),

accounts as (
    select * from {{ ref('stg_takings__accounts') }}
    where source = 'stripe'
)

select
    payouts.tenant_id,
    accounts.source,
    payouts.source_account,
    payouts.payout_id,
    payouts.created_at,
    payouts.currency as payout_currency,
    payouts.amount as own_amount_minor,
    payouts.status,
    payouts.balance_transaction_id,
    payouts.failure_balance_transaction_id
from payouts
inner join accounts using (tenant_id, source_account)
where payouts.livemode is distinct from false

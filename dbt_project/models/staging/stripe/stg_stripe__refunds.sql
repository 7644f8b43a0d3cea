with refunds as (select * from {{ source('stripe', 'refunds') }}),

charges as (select * from {{ ref('stg_stripe__charges') }})

select
    refunds.tenant_id,
    charges.source,
    refunds.source_account,
    refunds.refund_id,
    refunds.charge_id,
    refunds.created_at,
    refunds.currency as refund_currency,
    refunds.amount as own_amount_minor,
    refunds.status,
    refunds.balance_transaction_id,
    refunds.failure_balance_transaction_id
from refunds
inner join charges using (tenant_id, source_account, charge_id)

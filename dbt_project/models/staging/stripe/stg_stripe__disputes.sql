with disputes as (select * from {{ source('stripe', 'disputes') }}),

charges as (select * from {{ ref('stg_stripe__charges') }})

select
    disputes.tenant_id,
    charges.source,
    disputes.source_account,
    disputes.dispute_id,
    disputes.charge_id,
    disputes.created_at,
    disputes.status,
    disputes.reason
from disputes
inner join charges using (tenant_id, source_account, charge_id)
where disputes.livemode is distinct from false

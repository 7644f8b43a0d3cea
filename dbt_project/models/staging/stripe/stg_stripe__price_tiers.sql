with tiers as (select * from {{ source('stripe', 'price_tiers') }}),

accounts as (
    select * from {{ ref('stg_takings__accounts') }}
    where source = 'stripe'
)

select
    tiers.tenant_id,
    accounts.source,
    tiers.source_account,
    tiers.price_id,
    tiers.position,
    coalesce(lag(tiers.up_to) over (
        partition by tiers.tenant_id, tiers.source_account, tiers.price_id order by tiers.position
    ), 0) as above,
    tiers.up_to,
    coalesce(tiers.unit_amount_decimal, cast(tiers.unit_amount as decimal(38, 12)), 0) as unit_amount,
    coalesce(tiers.flat_amount_decimal, cast(tiers.flat_amount as decimal(38, 12)), 0) as flat_amount
from tiers
inner join accounts using (tenant_id, source_account)

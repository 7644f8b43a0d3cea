with coupons as (select * from {{ source('stripe', 'coupons') }}),

accounts as (
    select * from {{ ref('stg_takings__accounts') }}
    where source = 'stripe'
)

select
    coupons.tenant_id,
    accounts.source,
    coupons.source_account,
    coupons.coupon_id,
    coupons.duration = 'forever' as is_forever,
    coupons.percent_off,
    coupons.amount_off,
    coupons.currency as coupon_currency,
    case when row_number() over by_creation > 1 then coupons.created_at end as valid_from,
    lead(coupons.created_at) over by_creation as valid_until
from coupons
inner join accounts using (tenant_id, source_account)
window by_creation as (
    partition by coupons.tenant_id, coupons.source_account, coupons.coupon_id order by coupons.created_at
)

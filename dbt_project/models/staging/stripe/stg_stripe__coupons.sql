-- One row a coupon that reduces for ever; the others end by themselves and lower no recurring revenue.
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
    coupons.percent_off,
    coupons.amount_off,
    coupons.currency as coupon_currency
from coupons
inner join accounts using (tenant_id, source_account)
where coupons.duration = 'forever'

-- Discounts of coupons that were deleted before they were loaded: their duration is not known, and they do not reduce
-- recurring revenue.
{{ config(severity='warn') }}
select
    discounts.tenant_id,
    discounts.source_account,
    discounts.subscription_id,
    discounts.coupon_id
from {{ source('stripe', 'subscription_discounts') }} as discounts
inner join {{ ref('stg_stripe__subscriptions') }} using (tenant_id, source_account, subscription_id)
left join {{ source('stripe', 'coupons') }} as coupons using (tenant_id, source_account, coupon_id)
where coupons.coupon_id is null

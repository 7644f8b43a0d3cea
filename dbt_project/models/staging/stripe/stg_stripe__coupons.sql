with coupons as (select * from {{ source('stripe', 'coupons') }}),

options as (select * from {{ source('stripe', 'coupon_currency_options') }}),

accounts as (
    select * from {{ ref('stg_takings__accounts') }}
    where source = 'stripe'
),

versions as (
    select
        coupons.*,
        accounts.source,
        case when row_number() over by_creation > 1 then coupons.created_at end as valid_from,
        lead(coupons.created_at) over by_creation as valid_until
    from coupons
    inner join accounts using (tenant_id, source_account)
    window by_creation as (
        partition by coupons.tenant_id, coupons.source_account, coupons.coupon_id order by coupons.created_at
    )
)

select
    tenant_id,
    source,
    source_account,
    coupon_id,
    duration = 'forever' as is_forever,
    percent_off,
    amount_off,
    currency as coupon_currency,
    valid_from,
    valid_until
from versions
union all
select
    versions.tenant_id,
    versions.source,
    versions.source_account,
    versions.coupon_id,
    versions.duration = 'forever' as is_forever,
    versions.percent_off,
    options.amount_off,
    options.currency as coupon_currency,
    versions.valid_from,
    versions.valid_until
from versions
inner join options using (tenant_id, source_account, coupon_id, created_at)
where versions.amount_off is not null and options.amount_off is not null and options.currency <> versions.currency

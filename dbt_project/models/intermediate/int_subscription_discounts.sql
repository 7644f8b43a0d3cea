-- One row a subscription, month and item or the whole of it: what its forever coupons leave at the month's end (each
-- percent of what the one before has left), and what they take off besides. The customer's own coupon is on the whole.
-- As seen then; before the first pull those of today that had begun.
with subscriptions as (
    select * from {{ ref('int_subscriptions_at') }}
    where is_counting
),

seen as (select * from {{ ref('stg_stripe__seen_discounts') }}),

today as (select * from {{ source('stripe', 'subscription_discounts') }}),

of_customers as (select * from {{ source('stripe', 'customer_discounts_history') }}),

coupons as (select * from {{ ref('stg_stripe__coupons') }}),

given as (
    select
        subscriptions.tenant_id,
        subscriptions.source_account,
        subscriptions.subscription_id,
        subscriptions.month,
        seen.subscription_item_id,
        seen.coupon_id,
        seen.discount_start,
        seen.discount_end
    from subscriptions
    inner join seen using (tenant_id, source_account, subscription_id, seen_at)
    where not subscriptions.is_estimated
    union all
    select
        subscriptions.tenant_id,
        subscriptions.source_account,
        subscriptions.subscription_id,
        subscriptions.month,
        today.subscription_item_id,
        today.coupon_id,
        today.discount_start,
        today.discount_end
    from subscriptions
    inner join today using (tenant_id, source_account, subscription_id)
    where subscriptions.is_estimated
    union all
    select * from (
        select
            subscriptions.tenant_id,
            subscriptions.source_account,
            subscriptions.subscription_id,
            subscriptions.month,
            null as subscription_item_id,
            of_customers.coupon_id,
            of_customers.discount_start,
            of_customers.discount_end
        from subscriptions
        inner join of_customers using (tenant_id, source_account, customer_id)
        qualify
            row_number() over (
                partition by
                    subscriptions.tenant_id,
                    subscriptions.source_account,
                    subscriptions.subscription_id,
                    subscriptions.month
                order by
                    of_customers.seen_at <= subscriptions.ends_at desc,
                    case when of_customers.seen_at <= subscriptions.ends_at then of_customers.seen_at end desc,
                    of_customers.seen_at
            ) = 1
    ) as of_the_time
    where coupon_id is not null
)

select
    given.tenant_id,
    given.source_account,
    given.subscription_id,
    given.month,
    given.subscription_item_id,
    {{ kept_millionths('coupons.percent_off', 'given.coupon_id') }} as kept_millionths,  -- noqa: PRS
    coalesce(sum(coupons.amount_off), 0) as amount_off
from given
inner join subscriptions using (tenant_id, source_account, subscription_id, month)
inner join coupons using (tenant_id, source_account, coupon_id)
where
    coalesce(given.discount_start < subscriptions.ends_at, true)
    and coalesce(given.discount_end >= subscriptions.ends_at, true)
    and coalesce(coupons.coupon_currency = subscriptions.own_currency, true)
group by all

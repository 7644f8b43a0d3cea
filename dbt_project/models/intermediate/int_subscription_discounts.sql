-- One row a subscription, month and item or the whole of it: what its forever coupons leave at the month's end (each
-- percent of what the one before has left), and what they take off besides. The customer's own coupon is on the whole
-- of those that have none running there. As seen then; before the first pull as seen first, where it had begun.
with subscriptions as (
    select * from {{ ref('int_subscriptions_at') }}
    where is_counting
),

seen as (select * from {{ ref('stg_stripe__seen_discounts') }}),

of_customers as (select * from {{ source('stripe', 'customer_discounts_history') }}),

coupons as (select * from {{ ref('stg_stripe__coupons') }}),

its_own as (
    select
        subscriptions.*,
        seen.subscription_item_id,
        seen.coupon_id,
        seen.discount_start,
        seen.discount_end
    from subscriptions
    inner join seen using (tenant_id, source_account, subscription_id, seen_at)
    where
        coalesce(seen.discount_start < subscriptions.ends_at, true)
        and coalesce(seen.discount_end >= subscriptions.ends_at, true)
),

on_the_whole as (
    select * from its_own
    where subscription_item_id is null
),

of_the_time as (
    select
        subscriptions.*,
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
),

inherited as (
    select of_the_time.*
    from of_the_time
    anti join on_the_whole using (tenant_id, source_account, subscription_id, month)
    where
        coalesce(of_the_time.discount_start < of_the_time.ends_at, true)
        and coalesce(of_the_time.discount_end >= of_the_time.ends_at, true)
),

given as (
    select * from its_own
    union all by name
    select * from inherited
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
inner join coupons
    on
        given.tenant_id = coupons.tenant_id
        and given.source_account = coupons.source_account
        and given.coupon_id = coupons.coupon_id
        and (coupons.valid_from is null or given.discount_start >= coupons.valid_from)
        and (coupons.valid_until is null or given.discount_start < coupons.valid_until)
where
    coupons.is_forever
    and coalesce(coupons.coupon_currency = given.own_currency, true)
group by all

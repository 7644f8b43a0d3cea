-- One row a subscription, month and item or the whole of it: the share of a period's price that its forever coupons
-- leave at the month's end, and what they take off besides, one coupon after the other. The customer's own is on the
-- whole of those that have none running there. As seen then; before the first pull as seen first, where it had begun.
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
        seen.position,
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
),

stacks as (
    select
        given.tenant_id,
        given.source_account,
        given.subscription_id,
        given.month,
        given.subscription_item_id,
        {{ stacked('coupons.percent_off', 'coupons.amount_off', 'given.position') }} as stack  -- noqa: PRS
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
)

select
    stacks.tenant_id,
    stacks.source_account,
    stacks.subscription_id,
    stacks.month,
    stacks.subscription_item_id,
    stacks.stack.kept as kept_millionths,
    stacks.stack.off as off_millionths
from stacks

-- One row a subscription, month and forever coupon that reduces it at the month's end: on one of its items, on all of
-- it, or the customer's own. As seen then; before the first pull those of today that had begun.
with subscriptions as (
    select * from {{ ref('int_subscriptions_at') }}
    where is_counting
),

today as (select * from {{ source('stripe', 'subscription_discounts') }}),

of_customers as (select * from {{ source('stripe', 'customer_discounts_history') }}),

coupons as (select * from {{ ref('stg_stripe__coupons') }}),

seen as (
    select
        * exclude (items, discounts),
        unnest(from_json(discounts, '[{{ '{' }}"item_id": "VARCHAR", "coupon_id": "VARCHAR",
            "discount_start": "BIGINT", "discount_end": "BIGINT"{{ '}' }}]')) as discount
    from subscriptions
    where not is_estimated
),

customers_then as (
    select
        subscriptions.* exclude (items, discounts),
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

given as (
    select
        * exclude (discount),
        discount.item_id as subscription_item_id,
        discount.coupon_id,
        make_timestamp(discount.discount_start * 1000000) as discount_start,
        make_timestamp(discount.discount_end * 1000000) as discount_end
    from seen
    union all by name
    select
        subscriptions.* exclude (items, discounts),
        today.subscription_item_id,
        today.coupon_id,
        today.discount_start,
        today.discount_end
    from subscriptions
    inner join today using (tenant_id, source_account, subscription_id)
    where subscriptions.is_estimated
    union all by name
    select * from customers_then
    where coupon_id is not null
)

select
    given.tenant_id,
    given.source_account,
    given.subscription_id,
    given.month,
    given.subscription_item_id,
    given.coupon_id,
    given.own_currency,
    coupons.percent_off,
    coupons.amount_off,
    coupons.coupon_currency
from given
inner join coupons using (tenant_id, source_account, coupon_id)
where
    coalesce(given.discount_start < given.ends_at, true)
    and coalesce(given.discount_end >= given.ends_at, true)
    and coalesce(coupons.coupon_currency = given.own_currency, true)

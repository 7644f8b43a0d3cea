{%- set keys = ['tenant_id', 'source_account', 'subscription_id', 'month', 'subscription_item_id'] %}
with recursive subscriptions as (
    select * from {{ ref('int_subscriptions_monthly') }}
    where is_counting
),

states as (select * from {{ ref('stg_stripe__subscription_discount_states') }}),

customer_states as (select * from {{ source('stripe', 'customer_discounts_history') }}),

coupons as (select * from {{ ref('stg_stripe__coupons') }}),

own_discounts as (
    select
        subscriptions.tenant_id,
        subscriptions.source_account,
        subscriptions.subscription_id,
        subscriptions.month,
        subscriptions.own_currency,
        states.subscription_item_id,
        states.position,
        states.coupon_id,
        states.discount_start
    from subscriptions
    inner join states using (tenant_id, source_account, subscription_id, seen_at)
    where
        coalesce(states.discount_start < subscriptions.ends_at, true)
        and coalesce(states.discount_end >= subscriptions.ends_at, true)
),

on_whole_subscription as (
    select distinct
        tenant_id,
        source_account,
        subscription_id,
        month
    from own_discounts
    where subscription_item_id is null
),

customer_discounts as (
    select
        subscriptions.tenant_id,
        subscriptions.source_account,
        subscriptions.subscription_id,
        subscriptions.month,
        subscriptions.ends_at,
        subscriptions.own_currency,
        cast(null as varchar) as subscription_item_id,
        cast(null as bigint) as position,
        customer_states.coupon_id,
        customer_states.discount_start,
        customer_states.discount_end,
        row_number() over (
            partition by
                subscriptions.tenant_id,
                subscriptions.source_account,
                subscriptions.subscription_id,
                subscriptions.month
            order by
                customer_states.seen_at <= subscriptions.ends_at desc nulls last,
                case
                    when customer_states.seen_at <= subscriptions.ends_at then customer_states.seen_at
                end desc nulls last,
                customer_states.seen_at
        ) as state_number
    from subscriptions
    inner join customer_states using (tenant_id, source_account, customer_id)
),

inherited_discounts as (
    select customer_discounts.*
    from customer_discounts
    left join on_whole_subscription using (tenant_id, source_account, subscription_id, month)
    where
        customer_discounts.state_number = 1
        and on_whole_subscription.subscription_id is null
        and coalesce(customer_discounts.discount_start < customer_discounts.ends_at, true)
        and coalesce(customer_discounts.discount_end >= customer_discounts.ends_at, true)
),

discounts as (
    {{ union_of(
        ['own_discounts', 'inherited_discounts'], keys + ['own_currency', 'position', 'coupon_id', 'discount_start']
    ) }}
),

-- what a coupon leaves of an amount, in millionths, and what it then takes off, in millionths of a minor unit
ordered_coupons as (
    select
        discounts.{{ keys | join(', discounts.') }},
        cast(1000000 - coalesce(coupons.percent_off, 0) * 10000 as {{ wide_integer() }}) as share_millionths,
        cast(coalesce(coupons.amount_off, 0) * 1000000 as {{ wide_integer() }}) as amount_off_millionths,
        row_number() over (
            partition by discounts.{{ keys | join(', discounts.') }}
            order by discounts.position
        ) as coupon_number,
        count(*) over (partition by discounts.{{ keys | join(', discounts.') }}) as coupons
    from discounts
    inner join coupons
        on
            discounts.tenant_id = coupons.tenant_id
            and discounts.source_account = coupons.source_account
            and discounts.coupon_id = coupons.coupon_id
            and (coupons.valid_from is null or discounts.discount_start >= coupons.valid_from)
            and (coupons.valid_until is null or discounts.discount_start < coupons.valid_until)
    where
        coupons.is_forever
        and coalesce(coupons.coupon_currency = discounts.own_currency, true)
),

-- coupons apply one after the other: each row is the effect of the first `coupon_number` of them
combined as (
    select * from ordered_coupons
    where coupon_number = 1
    union all
    select
        combined.{{ keys | join(', combined.') }},
        cast(
            {{ whole_division('combined.share_millionths * following.share_millionths', '1000000') }}
            as {{ wide_integer() }}
        ) as share_millionths,
        cast(
            {{ whole_division('combined.amount_off_millionths * following.share_millionths', '1000000') }}
            + following.amount_off_millionths as {{ wide_integer() }}
        ) as amount_off_millionths,
        following.coupon_number,
        following.coupons
    from combined
    inner join ordered_coupons as following
        on
            combined.tenant_id = following.tenant_id
            and combined.source_account = following.source_account
            and combined.subscription_id = following.subscription_id
            and combined.month = following.month
            and combined.subscription_item_id is not distinct from following.subscription_item_id
            and combined.coupon_number + 1 = following.coupon_number
)

select
    {{ keys | join(', ') }},
    share_millionths,
    amount_off_millionths
from combined
where coupon_number = coupons

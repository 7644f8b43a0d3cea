-- One row a subscription item that counts at a month's end: what it is worth a month, in its own currency.
-- The price at its quantity for a period; less the item's coupons, then the subscription's and the customer's (percents
-- off each item, amounts off all of them by what is left of each); less the tax inside; for a month (52/12 weeks);
-- then rounded to minor units, half away from zero. Until there everything is whole millionths of a minor unit.
with items as (select * from {{ ref('int_subscription_items') }}),

prices as (
    select * from {{ ref('stg_stripe__prices') }}
    where is_recurring
),

tiers as (select * from {{ ref('stg_stripe__price_tiers') }}),

discounts as (select * from {{ ref('int_subscription_discounts') }}),

priced as (
    select
        items.*,
        prices.is_tiered,
        prices.unit_amount,
        prices.recurring_interval,
        prices.recurring_interval_count,
        -- sold by the dozen: the quantity is divided before it is priced
        case
            when prices.transform_divide_by is null then items.quantity
            when prices.transform_round = 'up'
                then (items.quantity + prices.transform_divide_by - 1) // prices.transform_divide_by
            else items.quantity // prices.transform_divide_by
        end as units
    from items
    inner join prices using (tenant_id, source_account, price_id)
),

tiered as (
    select
        priced.tenant_id,
        priced.source_account,
        priced.month,
        priced.subscription_item_id,
        sum(
            case
                when prices.tiers_mode = 'volume' then priced.units
                else least(priced.units, coalesce(tiers.up_to, priced.units)) - tiers.above
            end * tiers.unit_amount + tiers.flat_amount
        ) as amount
    from priced
    inner join prices using (tenant_id, source_account, price_id)
    inner join tiers using (tenant_id, source_account, price_id)
    where
        priced.is_tiered
        and priced.units > tiers.above
        and (prices.tiers_mode <> 'volume' or priced.units <= coalesce(tiers.up_to, priced.units))
    group by all
),

periods as (
    select
        priced.*,
        cast(round(
            coalesce(tiered.amount, case when priced.is_tiered then 0 else priced.units * priced.unit_amount end, 0)
            * 1000000
        ) as hugeint) as whole
    from priced
    left join tiered using (tenant_id, source_account, month, subscription_item_id)
),

{% for level in ['item', 'subscription'] %}
    {%- set before = 'periods' if level == 'item' else 'less_item' %}
    {%- set whole = 'whole' if level == 'item' else 'left_of_item' %}
    {%- set parts = 'subscription_item_id' if level == 'item' else 'subscription_id' %}
    coupons_on_{{ level }} as (
        select
            tenant_id,
            source_account,
            month,
            {{ parts }},
            -- each percent is taken off what the one before has left
            list_reduce(
                list_prepend(
                    cast(1000000 as hugeint),
                    list(cast(1000000 - percent_off * 10000 as hugeint) order by coupon_id)
                        filter (where percent_off is not null)
                ),
                lambda kept, left_over: kept * left_over // 1000000
            ) as millionths_left,
            coalesce(sum(amount_off), 0) as amount_off
        from discounts
        where subscription_item_id is {{ 'not' if level == 'item' }} null
        group by all
    ),

    percents_on_{{ level }} as (
        select
            {{ before }}.*,
            coupons.amount_off as off_{{ level }},
            {{ before }}.{{ whole }} * coalesce(coupons.millionths_left, 1000000) // 1000000 as after_{{ level }}
        from {{ before }}
        left join coupons_on_{{ level }} as coupons using (tenant_id, source_account, month, {{ parts }})
    ),

    of_{{ level }} as (
        select
            *,
            sum(after_{{ level }}) over (partition by tenant_id, source_account, month, {{ parts }}) as all_{{ level }}
        from percents_on_{{ level }}
    ),

    less_{{ level }} as (
        select
            *,
            after_{{ level }} - case
                when coalesce(off_{{ level }}, 0) = 0 or all_{{ level }} = 0 then 0
                else
                    least(cast(off_{{ level }} * 1000000 as hugeint), cast(all_{{ level }} as hugeint))
                    * after_{{ level }} // cast(all_{{ level }} as hugeint)
            end as left_of_{{ level }}
        from of_{{ level }}
    ){{ ',' }}
{% endfor %}

parts as (
    select
        *,
        cast(left_of_subscription as hugeint) * 1000000 * case recurring_interval
            when 'week' then 52 when 'day' then 365 when 'year' then 1 else 12
        end as above,
        cast(1000000 as hugeint) * 12 * recurring_interval_count
        * cast(1000000 + coalesce(inclusive_tax_percent, 0) * 10000 as hugeint) as below
    from less_subscription
)

select
    tenant_id,
    source,
    source_account,
    month,
    rate_day,
    is_estimated,
    subscription_id,
    subscription_item_id,
    customer_id,
    customer_name,
    customer_email,
    price_id,
    quantity,
    own_currency,
    own_minor_units,
    cast({{ divided('above', 'below') }} as bigint) as own_mrr_minor
from parts

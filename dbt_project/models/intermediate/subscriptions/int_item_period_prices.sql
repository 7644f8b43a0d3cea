with items as (select * from {{ ref('int_subscription_items') }}),

prices as (
    select * from {{ ref('stg_stripe__prices') }}
    where is_recurring
),

amounts as (select * from {{ ref('stg_stripe__price_amounts') }}),

tiers as (select * from {{ ref('stg_stripe__price_tiers') }}),

priced as (
    select
        items.*,
        prices.is_tiered,
        prices.tiers_mode,
        amounts.unit_amount,
        prices.recurring_interval,
        prices.recurring_interval_count,
        -- for example sold by the dozen: the quantity is divided before the price applies
        case
            when prices.transform_divide_by is null then items.quantity
            when prices.transform_round = 'up'
                then {{ whole_division(
                    'items.quantity + prices.transform_divide_by - 1', 'prices.transform_divide_by'
                ) }}
            else {{ whole_division('items.quantity', 'prices.transform_divide_by') }}
        end as units
    from items
    inner join prices using (tenant_id, source_account, price_id)
    left join amounts
        on
            items.tenant_id = amounts.tenant_id
            and items.source_account = amounts.source_account
            and items.price_id = amounts.price_id
            and items.own_currency = amounts.currency
    -- Stripe bills a price in the subscription's currency; tiers are known in the price's own currency only
    where
        items.own_currency = prices.price_currency
        or (not prices.is_tiered and amounts.price_id is not null)
),

tiered as (
    select
        priced.tenant_id,
        priced.source_account,
        priced.month,
        priced.subscription_item_id,
        sum(
            case
                when priced.tiers_mode = 'volume' then priced.units
                else least(priced.units, coalesce(tiers.up_to, priced.units)) - tiers.above
            end * tiers.unit_amount + tiers.flat_amount
        ) as amount
    from priced
    inner join tiers using (tenant_id, source_account, price_id)
    where
        priced.is_tiered
        and priced.units > tiers.above
        and (priced.tiers_mode <> 'volume' or priced.units <= coalesce(tiers.up_to, priced.units))
    group by priced.tenant_id, priced.source_account, priced.month, priced.subscription_item_id
)

select
    priced.*,
    cast(round(
        coalesce(case when priced.is_tiered then tiered.amount else priced.units * priced.unit_amount end, 0) * 1000000
    ) as {{ wide_integer() }}) as period_millionths
from priced
left join tiered using (tenant_id, source_account, month, subscription_item_id)

-- Subscription items whose price is in another currency than the subscription: Stripe bills them by the price's
-- `currency_options`, which staging does not hold, and recurring revenue would count the wrong amount.
select distinct
    items.tenant_id,
    items.source_account,
    items.subscription_id,
    items.price_id,
    items.own_currency,
    prices.price_currency
from {{ ref('int_subscription_items') }} as items
inner join {{ ref('stg_stripe__prices') }} as prices using (tenant_id, source_account, price_id)
where prices.is_recurring and items.own_currency <> prices.price_currency

-- Subscription items in another currency than their price, whose amount in that currency is not known: the price is
-- tiered, or has no such amount in `currency_options`. They do not count in recurring revenue.
{{ config(severity='warn') }}
select distinct
    items.tenant_id,
    items.source_account,
    items.subscription_id,
    items.price_id,
    items.own_currency,
    prices.price_currency
from {{ ref('int_subscription_items') }} as items
inner join {{ ref('stg_stripe__prices') }} as prices using (tenant_id, source_account, price_id)
left join {{ ref('stg_stripe__price_amounts') }} as amounts
    on
        items.tenant_id = amounts.tenant_id
        and items.source_account = amounts.source_account
        and items.price_id = amounts.price_id
        and items.own_currency = amounts.currency
where
    prices.is_recurring
    and items.own_currency <> prices.price_currency
    and (prices.is_tiered or amounts.price_id is null)

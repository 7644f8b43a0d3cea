-- Running subscriptions whose recurring revenue still includes tax: Stripe Tax finds the rate of a tax-inclusive price
-- with each invoice, and the subscription does not contain it.
{{ config(severity='warn') }}
select distinct
    subscriptions.tenant_id,
    subscriptions.source_account,
    subscriptions.subscription_id
from {{ ref('stg_stripe__subscriptions') }} as subscriptions
inner join {{ source('stripe', 'subscription_items') }} as items using (tenant_id, source_account, subscription_id)
inner join {{ ref('stg_stripe__prices') }} as prices using (tenant_id, source_account, price_id)
where
    subscriptions.has_automatic_tax
    and subscriptions.status in ('active', 'past_due')
    and prices.is_recurring
    and prices.is_tax_inclusive
    and items.inclusive_tax_percent is null

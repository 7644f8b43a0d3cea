with prices as (select * from {{ source('stripe', 'prices') }}),

accounts as (
    select * from {{ ref('stg_takings__accounts') }}
    where source = 'stripe'
)

select
    prices.tenant_id,
    accounts.source,
    prices.source_account,
    prices.price_id,
    prices.product_id,
    prices.currency as price_currency,
    prices.type = 'recurring' and coalesce(prices.usage_type, 'licensed') = 'licensed' as is_recurring,
    prices.billing_scheme = 'tiered' as is_tiered,
    prices.tiers_mode,
    coalesce(prices.tax_behavior = 'inclusive', false) as is_tax_inclusive,
    prices.recurring_interval,
    prices.recurring_interval_count,
    prices.transform_divide_by,
    prices.transform_round
from prices
inner join accounts using (tenant_id, source_account)

with prices as (select * from {{ source('stripe', 'prices') }}),

options as (select * from {{ source('stripe', 'price_currency_options') }}),

accounts as (
    select * from {{ ref('stg_takings__accounts') }}
    where source = 'stripe'
),

amounts as (
    select
        tenant_id,
        source_account,
        price_id,
        currency,
        coalesce(unit_amount_decimal, cast(unit_amount as decimal(38, 12))) as unit_amount
    from prices
    union all
    select
        options.tenant_id,
        options.source_account,
        options.price_id,
        options.currency,
        coalesce(options.unit_amount_decimal, cast(options.unit_amount as decimal(38, 12))) as unit_amount
    from options
    inner join prices using (tenant_id, source_account, price_id)
    where options.currency <> prices.currency
)

select
    amounts.tenant_id,
    accounts.source,
    amounts.source_account,
    amounts.price_id,
    amounts.currency,
    amounts.unit_amount
from amounts
inner join accounts using (tenant_id, source_account)
where amounts.unit_amount is not null

-- Shopify's own daily report in minor units: the control totals, in the shop's zone and currency.
with totals as (select * from {{ source('shopify', 'sales_totals') }}),

shop as (select * from {{ source('shopify', 'shop') }}),

accounts as (
    select * from {{ ref('stg_takings__accounts') }}
    where source = 'shopify'
),

currencies as (select * from {{ ref('currencies') }})

select
    totals.tenant_id,
    'shopify' as source,
    totals.source_account,
    totals.day as date_day,
    {{ minor('totals.gross_sales', 'currencies.minor_units') }} as gross_sales,
    -{{ minor('totals.discounts', 'currencies.minor_units') }} as discounts,
    -{{ minor('totals.sales_reversals', 'currencies.minor_units') }} as returns,
    {{ minor('totals.net_sales', 'currencies.minor_units') }} as net_sales,
    {{ minor('totals.shipping_charges', 'currencies.minor_units') }} as shipping,
    {{ minor('totals.taxes', 'currencies.minor_units') }} as taxes,
    {{ minor('totals.total_sales', 'currencies.minor_units') }} as total_sales
from totals
inner join accounts using (tenant_id, source_account)
inner join shop using (tenant_id, source_account)
left join currencies using (currency)

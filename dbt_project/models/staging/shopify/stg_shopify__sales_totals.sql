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
    {{ to_minor('totals.gross_sales', 'currencies.minor_units') }} as gross_sales,
    -{{ to_minor('totals.discounts', 'currencies.minor_units') }} as discounts,
    -{{ to_minor('totals.sales_reversals', 'currencies.minor_units') }} as returns,
    {{ to_minor('totals.net_sales', 'currencies.minor_units') }} as net_sales,
    {{ to_minor('totals.shipping_charges', 'currencies.minor_units') }} as shipping,
    {{ to_minor('totals.taxes', 'currencies.minor_units') }} as taxes,
    {{ to_minor('totals.total_sales', 'currencies.minor_units') }} as total_sales
from totals
inner join accounts using (tenant_id, source_account)
inner join shop using (tenant_id, source_account)
left join currencies using (currency)

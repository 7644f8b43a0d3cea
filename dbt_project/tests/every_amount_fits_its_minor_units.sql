-- Ledger amounts that are not a whole number of their currency's minor units.
{{ config(meta={'unit': 'order'}) }}
select
    sales.tenant_id,
    sales.order_id,
    sales.sale_id,
    sales.amount,
    sales.tax
from {{ source('shopify', 'sales') }} as sales
inner join {{ ref('stg_shopify__orders') }} using (tenant_id, source_account, order_id)
left join {{ ref('currencies') }} as currencies on sales.currency = currencies.currency
where
    currencies.minor_units is null
    or sales.amount * currencies.minor_units <> round(sales.amount * currencies.minor_units, 0)
    or sales.tax * currencies.minor_units <> round(sales.tax * currencies.minor_units, 0)

-- A ledger amount that its currency's minor units cannot hold.
select
    sales.tenant_id,
    sales.order_id,
    sales.sale_id,
    sales.amount,
    sales.tax
from {{ source('shopify', 'sales') }} as sales
left join {{ ref('currencies') }} as currencies using (currency)
where
    currencies.minor_units is null
    or sales.amount * currencies.minor_units <> round(sales.amount * currencies.minor_units, 0)
    or sales.tax * currencies.minor_units <> round(sales.tax * currencies.minor_units, 0)

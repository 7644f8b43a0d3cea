-- Days whose net sales by product are not their net sales: goods of the ledger without a product.
with days as (
    select
        tenant_id,
        date_day,
        sum(net_sales_minor) as net_sales_minor
    from {{ ref('metrics_daily') }}
    group by tenant_id, date_day
),

products as (
    select
        tenant_id,
        date_day,
        sum(net_sales_minor) as net_sales_minor
    from {{ ref('product_daily') }}
    group by tenant_id, date_day
)

select
    coalesce(days.tenant_id, products.tenant_id) as tenant_id,
    coalesce(days.date_day, products.date_day) as date_day,
    days.net_sales_minor as by_day,
    products.net_sales_minor as by_product
from days
full join products using (tenant_id, date_day)
where coalesce(days.net_sales_minor, 0) <> coalesce(products.net_sales_minor, 0)

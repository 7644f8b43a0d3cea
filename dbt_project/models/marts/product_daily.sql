-- Two kinds of rows: current quantities of completed orders (by the order's day), and the ledger (by each row's day).
{{ config(meta={
    'unit': 'product_day',
    'lookups': {'products': ['tenant_id', 'source', 'product_key']},
    'through': {'products': 'int_daily_products'},
}) }}
with days as (select * from {{ ref('int_daily_products') }}),

products as (select * from {{ ref('products') }})

select
    days.tenant_id,
    days.source,
    days.product_key,
    products.product_id,
    products.product_title,
    products.skus,
    days.date_day,
    products.currency,
    products.minor_units,
    days.quantity_completed,
    days.product_revenue_minor,
    days.units_sold,
    days.units_returned,
    days.gross_sales_minor,
    days.discounts_minor,
    days.returns_minor,
    days.gross_sales_minor - days.discounts_minor - days.returns_minor as net_sales_minor
from days
inner join products using (tenant_id, source, product_key)

-- Two kinds of rows: current quantities of completed orders (by the order's day), and the ledger (by each row's day).
with lines as (select * from {{ ref('stg_shopify__order_lines') }}),

orders as (select * from {{ ref('int_orders') }}),

rates as (select * from {{ ref('int_exchange_rates') }}),

products as (select * from {{ ref('products') }}),

completed as (
    select
        lines.tenant_id,
        lines.source,
        lines.product_key,
        orders.date_day,
        sum(lines.current_quantity) as quantity_completed,
        sum({{ convert('lines.current_quantity * lines.unit_price_minor', 'rates.factor') }}) as product_revenue_minor
    from lines
    inner join orders using (tenant_id, source_account, order_id)
    inner join {{ ref('stg_shopify__orders') }} as source_orders using (tenant_id, source_account, order_id)
    left join rates
        on
            source_orders.tenant_id = rates.tenant_id
            and source_orders.order_currency = rates.order_currency
            and source_orders.date_day = rates.date_day
    where orders.is_completed and not lines.is_gift_card
    group by all
),

ledger as (
    select
        tenant_id,
        source,
        product_key,
        date_day,
        sum(quantity) filter (where quantity > 0) as units_sold,
        -sum(quantity) filter (where quantity < 0) as units_returned,
        sum(gross_sales_minor) as gross_sales_minor,
        sum(discounts_minor) as discounts_minor,
        sum(returns_minor) as returns_minor,
        sum(net_sales_minor) as net_sales_minor
    from {{ ref('revenue') }}
    where line_type = 'PRODUCT' and product_key is not null
    group by all
),

days as (
    select
        tenant_id,
        source,
        product_key,
        date_day
    from completed
    union
    select
        tenant_id,
        source,
        product_key,
        date_day
    from ledger
)

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
    {%- for name in ['quantity_completed', 'product_revenue_minor'] %}
        cast(coalesce(completed.{{ name }}, 0) as bigint) as {{ name }},
    {%- endfor %}
{%- for name in [
    'units_sold', 'units_returned', 'gross_sales_minor', 'discounts_minor', 'returns_minor', 'net_sales_minor'
] %}
    cast(coalesce(ledger.{{ name }}, 0) as bigint) as {{ name }}{{ ',' if not loop.last }}
{%- endfor %}
from days
inner join products using (tenant_id, source, product_key)
left join completed using (tenant_id, source, product_key, date_day)
left join ledger using (tenant_id, source, product_key, date_day)

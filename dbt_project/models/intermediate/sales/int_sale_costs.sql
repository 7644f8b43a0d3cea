-- One row a sale of goods in the ledger: what its units had cost, in the currency of the cost, and how that is known.
-- The cost of the order's day is the newest that a pull had seen by then; before the first one seen, that one, assumed.
-- A unit that came back gives its cost back where a refund says that it was put back on the shelf.
with sales as (
    select * from {{ ref('int_ledger') }}
    where line_type = 'PRODUCT'
),

lines as (select * from {{ ref('stg_shopify__order_lines') }}),

orders as (select * from {{ ref('stg_shopify__orders') }}),

costs as (select * from {{ ref('stg_shopify__variant_costs') }}),

variants as (
    select
        tenant_id,
        source_account,
        sku,
        min(variant_id) as variant_id
    from {{ source('shopify', 'variants') }}
    where sku is not null
    group by all
    having count(*) = 1
),

sold as (
    select
        sales.tenant_id,
        sales.source_account,
        sales.sale_id,
        orders.date_day as order_day,
        -- a line forgets its variant when the product is deleted: the SKU still knows it
        coalesce(lines.variant_id, variants.variant_id) as variant_id
    from sales
    inner join orders using (tenant_id, source_account, order_id)
    left join lines using (tenant_id, source_account, order_id, line_item_id)
    left join variants
        on
            sales.tenant_id = variants.tenant_id
            and sales.source_account = variants.source_account
            and lines.sku = variants.sku
),

known as (
    select
        sold.tenant_id,
        sold.source_account,
        sold.sale_id,
        costs.unit_cost,
        costs.cost_currency,
        costs.known_day <= sold.order_day as is_recorded
    from sold
    inner join costs using (tenant_id, source_account, variant_id)
    qualify
        row_number() over (
            partition by sold.tenant_id, sold.source_account, sold.sale_id
            order by
                costs.known_day <= sold.order_day desc,
                case when costs.known_day <= sold.order_day then costs.known_from end desc,
                costs.known_from
        ) = 1
),

restocked as (select * from {{ ref('int_restocked') }})

select
    sales.tenant_id,
    sales.source,
    sales.source_account,
    sales.order_id,
    sales.sale_id,
    sales.channel,
    sales.date_day,
    known.cost_currency as own_currency,
    currencies.minor_units as own_minor_units,
    case when known.is_recorded then 'recorded' when known.unit_cost is not null then 'assumed' else 'missing' end
        as cost_known,
    case when sales.quantity < 0 then -coalesce(restocked.quantity, 0) else sales.quantity end as cost_quantity,
    {{ minor(
        'case when sales.quantity < 0 then -coalesce(restocked.quantity, 0) else sales.quantity end * known.unit_cost',
        'currencies.minor_units'
    ) }} as own_cost_minor,
    sales.gross_sales_minor - sales.discounts_minor - sales.returns_minor as net_sales_minor
from sales
left join known using (tenant_id, source_account, sale_id)
left join restocked using (tenant_id, source_account, sale_id)
left join {{ ref('currencies') }} as currencies on known.cost_currency = currencies.currency

{{ config(meta={'unit': 'order'}) }}
with sales as (
    select * from {{ ref('int_ledger') }}
    where line_type = 'PRODUCT'
),

lines as (select * from {{ ref('stg_shopify__order_lines') }}),

orders as (select * from {{ ref('stg_shopify__orders') }}),

variant_costs as (select * from {{ ref('stg_shopify__variant_costs') }}),

variants as (
    select
        tenant_id,
        source_account,
        sku,
        min(variant_id) as variant_id
    from {{ source('shopify', 'variants') }}
    where sku is not null
    group by tenant_id, source_account, sku
    having count(*) = 1
),

sold as (
    select
        sales.tenant_id,
        sales.source_account,
        sales.sale_id,
        orders.date_day as order_day,
        -- a line loses its variant when the product is deleted; its SKU still identifies the variant
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

ranked_costs as (
    select
        sold.tenant_id,
        sold.source_account,
        sold.sale_id,
        variant_costs.unit_cost,
        variant_costs.cost_currency,
        variant_costs.known_day <= sold.order_day as is_recorded,
        row_number() over (
            partition by sold.tenant_id, sold.source_account, sold.sale_id
            order by
                variant_costs.known_day <= sold.order_day desc nulls last,
                case when variant_costs.known_day <= sold.order_day then variant_costs.known_from end desc nulls last,
                variant_costs.known_from
        ) as cost_number
    from sold
    inner join variant_costs using (tenant_id, source_account, variant_id)
),

costs as (
    select * from ranked_costs
    where cost_number = 1
),

restocked as (select * from {{ ref('int_restocked_units') }})

select
    sales.tenant_id,
    sales.source,
    sales.source_account,
    sales.order_id,
    sales.sale_id,
    sales.channel,
    sales.date_day,
    costs.cost_currency as own_currency,
    currencies.minor_units as own_minor_units,
    case when costs.is_recorded then 'recorded' when costs.unit_cost is not null then 'assumed' else 'missing' end
        as cost_basis,
    case when sales.quantity < 0 then -coalesce(restocked.quantity, 0) else sales.quantity end as cost_quantity,
    {{ to_minor(
        'case when sales.quantity < 0 then -coalesce(restocked.quantity, 0) else sales.quantity end * costs.unit_cost',
        'currencies.minor_units'
    ) }} as own_cost_minor,
    sales.gross_sales_minor - sales.discounts_minor - sales.returns_minor as net_sales_minor
from sales
left join costs using (tenant_id, source_account, sale_id)
left join restocked using (tenant_id, source_account, sale_id)
left join {{ ref('currencies') }} as currencies on costs.cost_currency = currencies.currency

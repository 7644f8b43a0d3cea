-- Current quantities of completed orders count on the order's day, rows of the ledger on their own.
{{ config(meta={'unit': 'order', 'sums_by': ['tenant_id', 'source', 'product_key', 'date_day']}) }}
with sold as (
    select
        lines.tenant_id,
        lines.source,
        lines.product_key,
        orders.date_day,
        lines.current_quantity as quantity_completed,
        {{ convert('lines.current_quantity * lines.unit_price_minor', 'orders.factor') }} as product_revenue_minor,
        null as units_sold,
        null as units_returned,
        null as gross_sales_minor,
        null as discounts_minor,
        null as returns_minor
    from {{ ref('stg_shopify__order_lines') }} as lines
    inner join {{ ref('int_orders') }} as orders using (tenant_id, source_account, order_id)
    where orders.is_completed and not lines.is_gift_card
    union all
    select
        tenant_id,
        source,
        product_key,
        date_day,
        null as quantity_completed,
        null as product_revenue_minor,
        case when quantity > 0 then quantity end as units_sold,
        case when quantity < 0 then -quantity end as units_returned,
        gross_sales_minor,
        discounts_minor,
        returns_minor
    from {{ ref('int_ledger') }}
    where line_type = 'PRODUCT' and product_key is not null
)

select
    tenant_id,
    source,
    product_key,
    date_day,
    {%- for name in [
        'quantity_completed', 'product_revenue_minor', 'units_sold', 'units_returned', 'gross_sales_minor',
        'discounts_minor', 'returns_minor'
    ] %}
        cast(coalesce(sum({{ name }}), 0) as bigint) as {{ name }},
    {%- endfor %}
    cast(count(*) as bigint) as row_count
from sold
group by
    tenant_id,
    source,
    product_key,
    date_day

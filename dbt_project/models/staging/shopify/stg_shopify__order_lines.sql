-- A deleted product is missing from lines that were loaded after its deletion. It is removed from earlier lines too, so
-- that the product key does not depend on when a line was loaded.
{{ config(materialized='table', meta={'unit': 'order'}) }}
with order_lines as (select * from {{ source('shopify', 'order_lines') }}),

orders as (select * from {{ ref('stg_shopify__orders') }}),

deletions as (
    select * from {{ source('shopify', 'deletions') }}
    where subject_type = 'PRODUCT'
),

tips as (
    select distinct
        tenant_id,
        source_account,
        order_id,
        line_item_id
    from {{ source('shopify', 'sales') }}
    where line_type = 'TIP'
),

currencies as (select * from {{ ref('currencies') }}),

lines as (
    select
        order_lines.*,
        case when deletions.subject_id is null then order_lines.product_id end as existing_product_id
    from order_lines
    left join deletions
        on
            order_lines.tenant_id = deletions.tenant_id
            and order_lines.source_account = deletions.source_account
            and order_lines.product_id = deletions.subject_id
)

select
    lines.tenant_id,
    'shopify' as source,
    lines.source_account,
    lines.order_id,
    orders.processed_at,
    lines.line_item_id,
    lines.existing_product_id as product_id,
    lines.variant_id,
    coalesce(lines.existing_product_id, 'sku:' || lines.sku, 'custom:' || lines.title) as product_key,
    lines.title,
    lines.sku,
    lines.quantity,
    lines.current_quantity,
    lines.is_gift_card,
    {{ to_minor('lines.unit_price', 'currencies.minor_units') }} as unit_price_minor
from lines
inner join orders using (tenant_id, source_account, order_id)
left join tips using (tenant_id, source_account, order_id, line_item_id)
left join currencies on lines.currency = currencies.currency
where tips.line_item_id is null

-- One row a line of an order; the key by which its product is known, also where the product is gone or never was.
with order_lines as (select * from {{ source('shopify', 'order_lines') }}),

currencies as (select * from {{ ref('currencies') }})

select
    order_lines.tenant_id,
    'shopify' as source,
    order_lines.source_account,
    order_lines.order_id,
    order_lines.line_item_id,
    order_lines.product_id,
    order_lines.variant_id,
    coalesce(order_lines.product_id, 'sku:' || order_lines.sku, 'custom:' || order_lines.title) as product_key,
    order_lines.title,
    order_lines.sku,
    order_lines.quantity,
    order_lines.is_gift_card,
    {{ minor('order_lines.unit_price', 'currencies.minor_units') }} as unit_price_minor
from order_lines
left join currencies using (currency)

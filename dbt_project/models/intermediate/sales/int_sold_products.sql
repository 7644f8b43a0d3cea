{{ config(meta={'unit': 'product'}) }}
select
    tenant_id,
    source,
    product_key,
    max(product_id) as product_id,
    {{ newest_value('title', ['processed_at', 'order_id', 'line_item_id']) }} as title,
    {{ distinct_texts('sku') }} as skus
from {{ ref('stg_shopify__order_lines') }}
where not is_gift_card
group by
    tenant_id,
    source,
    product_key

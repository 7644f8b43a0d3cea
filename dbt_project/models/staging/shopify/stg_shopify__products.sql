with products as (select * from {{ source('shopify', 'products') }}),

variants as (select * from {{ source('shopify', 'variants') }}),

deletions as (select * from {{ source('shopify', 'deletions') }}),

accounts as (
    select * from {{ ref('stg_takings__accounts') }}
    where source = 'shopify'
),

currencies as (select * from {{ ref('currencies') }}),

by_product as (
    select
        variants.tenant_id,
        variants.source_account,
        variants.product_id,
        {{ distinct_texts('variants.sku') }} as skus,
        case
            when min(variants.unit_cost) = max(variants.unit_cost)
                then max({{ to_minor('variants.unit_cost', 'currencies.minor_units') }})
        end as unit_cost_minor
    from variants
    left join currencies on variants.cost_currency = currencies.currency
    group by variants.tenant_id, variants.source_account, variants.product_id
)

select
    products.tenant_id,
    'shopify' as source,
    products.source_account,
    products.product_id,
    products.title,
    products.vendor,
    products.status,
    by_product.skus,
    by_product.unit_cost_minor,
    deletions.subject_id is not null as is_deleted
from products
inner join accounts using (tenant_id, source_account)
left join by_product using (tenant_id, source_account, product_id)
left join deletions
    on
        products.tenant_id = deletions.tenant_id
        and products.source_account = deletions.source_account
        and products.product_id = deletions.subject_id
        and deletions.subject_type = 'PRODUCT'

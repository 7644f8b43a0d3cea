with sold as (select * from {{ ref('int_sold_products') }}),

known as (select * from {{ ref('stg_shopify__products') }}),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

keys as (
    select
        tenant_id,
        source,
        product_key,
        product_id
    from sold
    union
    select
        tenant_id,
        source,
        product_id as product_key,
        product_id
    from known
)

select
    keys.tenant_id,
    keys.source,
    keys.product_key,
    keys.product_id,
    coalesce(known.title, sold.title) as product_title,
    coalesce(known.skus, sold.skus) as skus,
    known.vendor,
    known.status,
    coalesce(known.is_deleted, keys.product_id is null or known.product_id is null) as is_deleted,
    known.unit_cost_minor,
    tenants.currency,
    tenants.minor_units
from keys
inner join tenants using (tenant_id)
left join sold using (tenant_id, source, product_key)
left join
    known
    on keys.tenant_id = known.tenant_id and keys.source = known.source and keys.product_id = known.product_id

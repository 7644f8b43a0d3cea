-- A product is found by its id, else by a SKU that one product alone has.
with events as (select * from {{ ref('stg_records__product_events') }}),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

sessions as (select * from {{ ref('int_chat_sessions') }}),

products as (
    select
        tenant_id,
        product_id,
        min(product_key) as product_key,
        min(product_title) as product_title
    from {{ ref('products') }}
    where product_id is not null
    group by tenant_id, product_id
),

skus as (
    select
        tenant_id,
        sku,
        min(product_id) as product_id
    from {{ source('shopify', 'variants') }}
    where sku is not null
    group by tenant_id, sku
    having min(product_id) = max(product_id)
),

named as (
    select
        *,
        {{ shopify_id('trim(product_id)') }} as plain_id
    from events
)

select
    named.tenant_id,
    named.source,
    named.source_account,
    named.event_id,
    named.occurred_at,
    {{ local_day('named.occurred_at', 'tenants.time_zone') }} as date_day,
    named.event_type,
    coalesce(by_id.product_key, by_sku.product_key, named.plain_id) as product_key,
    coalesce(by_id.product_title, by_sku.product_title, named.product_name, named.plain_id) as product_title,
    coalesce(by_id.product_key, by_sku.product_key) is not null as is_known_product,
    named.session_id,
    named.message_id,
    coalesce(sessions.variant, '(none)') as variant,
    named.position,
    cast(1 as bigint) as product_events
from named
inner join tenants on named.tenant_id = tenants.tenant_id
left join products as by_id on named.tenant_id = by_id.tenant_id and named.plain_id = by_id.product_id
left join skus on named.tenant_id = skus.tenant_id and named.plain_id = skus.sku
left join products as by_sku on skus.tenant_id = by_sku.tenant_id and skus.product_id = by_sku.product_id
left join sessions on named.tenant_id = sessions.tenant_id and named.session_id = sessions.session_id

-- An order is named by its id, its gid or its name, with or without the leading #. An id comes before a name. A name
-- that several orders of the tenant have names none of them.
with charges as (
    select
        *,
        replace(named_order_id, 'gid://shopify/Order/', '') as id_reference,
        lower(trim(case when named_order_id like '#%' then substring(named_order_id, 2) else named_order_id end))
            as name_reference
    from {{ ref('stg_stripe__charges') }}
),

orders as (
    select
        *,
        lower(trim(case when order_name like '#%' then substring(order_name, 2) else order_name end)) as name_reference
    from {{ ref('stg_shopify__orders') }}
),

by_id as (
    select
        tenant_id,
        order_id,
        min(source_account) as shop,
        min(channel) as channel
    from orders
    where order_id in (select charges.id_reference from charges)
    group by tenant_id, order_id
),

by_name as (
    select
        tenant_id,
        name_reference,
        min(order_id) as order_id,
        min(source_account) as shop,
        min(channel) as channel
    from orders
    where name_reference <> '' and name_reference in (select charges.name_reference from charges)
    group by tenant_id, name_reference
    having count(*) = 1
),

matched as (
    select
        charges.*,
        coalesce(by_id.order_id, by_name.order_id) as order_id,
        coalesce(by_id.shop, by_name.shop) as shop,
        coalesce(by_id.channel, by_name.channel) as channel
    from charges
    left join by_id on charges.tenant_id = by_id.tenant_id and charges.id_reference = by_id.order_id
    left join by_name on charges.tenant_id = by_name.tenant_id and charges.name_reference = by_name.name_reference
)

select
    tenant_id,
    source,
    source_account,
    charge_id,
    customer_id,
    named_order_id,
    order_id,
    shop,
    coalesce(channel, 'API / direct') as channel,
    case
        when order_id is not null then 'metadata'
        when named_order_id is not null then 'unknown order'
        else 'none'
    end as match
from matched

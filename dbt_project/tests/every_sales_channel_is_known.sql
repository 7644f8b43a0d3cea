-- Source names of orders that neither the seed channels nor the tenant's configuration knows, and that Shopify does not
-- call a marketplace's. A warning: their revenue counts, and its source is Other.
{{ config(severity='warn', meta={'text': 'message'}) }}
with named as (
    select
        orders.tenant_id,
        orders.source_account,
        orders.order_id,
        orders.channel_name,
        coalesce(orders.source_name, '') as source_name
    from {{ ref('stg_shopify__orders') }} as orders
    left join {{ source('takings', 'channels') }} as own_channels
        on orders.tenant_id = own_channels.tenant_id and orders.source_name = own_channels.source_name
    where orders.channel = 'Other channels' and own_channels.channel is null
),

unknown as (
    select
        named.tenant_id,
        named.source_account,
        named.source_name,
        max(named.channel_name) as channel_name,
        count(*) as orders,
        cast(sum(orders.order_total_minor) * 1.0 / max(orders.minor_units) as decimal(18, 2)) as order_total,
        max(orders.currency) as currency
    from named
    inner join {{ ref('int_orders') }} as orders using (tenant_id, source_account, order_id)
    group by named.tenant_id, named.source_account, named.source_name
)

select
    tenant_id,
    source_account,
    source_name,
    orders,
    'shop ' || source_account || ' of tenant ' || tenant_id || ': ' || orders || ' orders of '
    || coalesce(cast(order_total as varchar) || ' ' || currency, 'unknown value') || ' have '
    || case when source_name = '' then 'no source name' else 'the source name ''' || source_name || '''' end
    || coalesce(', which Shopify calls ''' || channel_name || '''', '')
    || ', so their source of revenue is Other. Name its channel under [tenants.channels] in takings.toml' as message
from unknown

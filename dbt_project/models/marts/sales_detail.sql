{{ config(meta={
    'unit': 'order',
    'lookups': {
        'products': ['tenant_id', 'source', 'product_key'],
        'sessions': ['tenant_id', 'order_id'],
    },
}) }}
with sales as (
    select * from {{ ref('revenue') }}
    where line_type = 'PRODUCT'
),

orders as (select * from {{ ref('orders') }}),

products as (select * from {{ ref('products') }}),

-- of several visits that submitted the order, the first
visits as (
    select
        tenant_id,
        order_id,
        traffic_source,
        utm_campaign,
        row_number() over (partition by tenant_id, order_id order by started_at, session_key) as visit_number
    from {{ ref('sessions') }}
    where order_id is not null
),

campaigns as (select * from {{ ref('int_campaigns') }}),

changes as (
    select
        tenant_id,
        source,
        source_account,
        order_id,
        coalesce(product_key, '(no product)') as product_key,
        date_day,
        sum(case when quantity > 0 then quantity else 0 end) as units_sold,
        sum(case when quantity < 0 then -quantity else 0 end) as units_returned,
        sum(gross_sales_minor) as gross_sales_minor,
        sum(discounts_minor) as discounts_minor,
        sum(returns_minor) as returns_minor,
        sum(net_sales_minor) as net_sales_minor
    from sales
    group by tenant_id, source, source_account, order_id, coalesce(product_key, '(no product)'), date_day
)

select
    changes.tenant_id,
    changes.source,
    changes.source_account,
    changes.order_id,
    orders.order_name,
    changes.date_day,
    orders.date_day as order_day,
    orders.processed_at,
    changes.product_key,
    coalesce(products.product_title, '(no product)') as product_title,
    products.skus,
    orders.channel,
    orders.country,
    orders.customer_kind,
    coalesce(orders.customer_name, '(no name)') as customer_name,
    orders.order_status,
    coalesce(visits.traffic_source, '(unknown)') as traffic_source,
    case
        when visits.order_id is null then '(unknown)'
        else coalesce(campaigns.campaign_name, visits.utm_campaign, '(no campaign)')
    end as campaign,
    orders.currency,
    orders.minor_units,
{%- for name in [
    'units_sold', 'units_returned', 'gross_sales_minor', 'discounts_minor', 'returns_minor', 'net_sales_minor'
] %}
    cast(changes.{{ name }} as bigint) as {{ name }}{{ ',' if not loop.last }}
{%- endfor %}
from changes
inner join orders using (tenant_id, source, source_account, order_id)
left join products
    on
        changes.tenant_id = products.tenant_id
        and changes.source = products.source
        and changes.product_key = products.product_key
left join visits
    on
        changes.tenant_id = visits.tenant_id
        and changes.order_id = visits.order_id
        and visits.visit_number = 1
left join campaigns
    on
        visits.tenant_id = campaigns.tenant_id
        and visits.utm_campaign = campaigns.campaign_id

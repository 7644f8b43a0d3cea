{{ config(materialized='table', meta={'unit': 'order'}) }}
with orders as (select * from {{ source('shopify', 'orders') }}),

deletions as (select * from {{ source('shopify', 'deletions') }}),

customers as (select * from {{ source('shopify', 'customers') }}),

accounts as (
    select * from {{ ref('stg_takings__accounts') }}
    where source = 'shopify'
),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

currencies as (select * from {{ ref('currencies') }}),

channels as (select * from {{ ref('channels') }}),

countries as (select * from {{ ref('countries') }}),

own_channels as (select * from {{ source('takings', 'channels') }}),

statuses as (select * from {{ ref('order_status') }})

select
    orders.tenant_id,
    'shopify' as source,
    orders.source_account,
    orders.order_id,
    orders.order_name,
    orders.processed_at,
    orders.created_at,
    orders.cancelled_at,
    {{ local_day('orders.processed_at', 'tenants.time_zone') }} as date_day,
    orders.source_name,
    orders.channel_name,
    coalesce(
        own_channels.channel,
        channels.channel,
        case when orders.is_marketplace then 'Marketplaces' else 'Other channels' end
    ) as channel,
    orders.customer_id,
    lower(orders.email) as email,
    coalesce(orders.customer_name, customers.display_name) as customer_name,
    orders.country as country_code,
    coalesce(countries.country, orders.country, '(unknown)') as country,
    orders.financial_status,
    orders.fulfillment_status,
    case
        when orders.cancelled_at is not null then statuses.status_cancelled
        when orders.closed_at is not null then statuses.status_closed
        else statuses.status_open
    end as order_status,
    orders.currency as order_currency,
    orders.presentment_currency,
    currencies.minor_units as order_minor_units,
    {{ to_minor('orders.total', 'currencies.minor_units') }} as total_minor,
    {{ to_minor('orders.current_total', 'currencies.minor_units') }} as current_total_minor,
    orders.run_id,
    orders.landing_part
from orders
inner join accounts using (tenant_id, source_account)
inner join tenants using (tenant_id)
left join customers using (tenant_id, source_account, customer_id)
left join currencies on orders.currency = currencies.currency
left join channels on lower(orders.source_name) = channels.source_name and channels.source = 'shopify'
left join own_channels on orders.tenant_id = own_channels.tenant_id and orders.source_name = own_channels.source_name
left join countries on orders.country = countries.country_code
left join statuses
    on
        coalesce(orders.financial_status, 'NONE') = statuses.financial_status
        and orders.fulfillment_status = statuses.fulfillment_status
left join deletions
    on
        orders.tenant_id = deletions.tenant_id
        and orders.source_account = deletions.source_account
        and orders.order_id = deletions.subject_id
        and deletions.subject_type = 'ORDER'
where not orders.is_test and deletions.subject_id is null

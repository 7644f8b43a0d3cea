-- `past` is what was known a year before today, `following` what came since. The classes are those of customer_ltv.
{{ config(meta={'unit': 'customer'}) }}
{%- set is_past = 'orders.date_day <= today.today - 365' %}
with orders as (
    select
        *,
        gross_sales_minor - discounts_minor - returns_minor + adjustments_minor as net_revenue_minor
    from {{ ref('int_orders') }}
    where is_known
),

today as (select * from {{ ref('int_today') }})

select
    orders.tenant_id,
    orders.customer_key,
    min(orders.date_day) as first_day,
    max(orders.date_day) as last_day,
    count(*) as orders,
    {{ orders_class('count(*)') }} as orders_class,
    {{ recency_class('max(orders.date_day)', 'max(today.today)') }} as recency_class,
    cast(sum(orders.net_revenue_minor) as bigint) as net_revenue_minor,
    max(case when {{ is_past }} then orders.date_day end) as past_last_day,
    count(case when {{ is_past }} then 1 end) as past_orders,
    cast(coalesce(sum(case when {{ is_past }} then 0 else orders.net_revenue_minor end), 0) as bigint)
        as following_net_revenue_minor
from orders
inner join today using (tenant_id)
where orders.date_day <= today.today
group by
    orders.tenant_id,
    orders.customer_key

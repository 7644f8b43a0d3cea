-- The next year of a customer is what similar customers brought in during the last one: int_customer_classes.
{{ config(meta={
    'unit': 'customer',
    'lookups': {'int_customer_classes': ['tenant_id', 'orders_class', 'recency_class']},
    'through': {'int_customer_classes': 'int_customer_totals'},
}) }}
with totals as (select * from {{ ref('int_customer_totals') }}),

classes as (select * from {{ ref('int_customer_classes') }}),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

today as (select * from {{ ref('int_today') }}),

customers as (select * from {{ ref('customers') }}),

first_days as (
    select distinct
        tenant_id,
        first_day
    from {{ ref('int_month_ends') }}
),

predictions as (
    select
        totals.*,
        first_days.first_day > today.today - 365 as is_history_short,
        coalesce(classes.customers, 0) as similar_customers,
        classes.next_year_minor
    from totals
    inner join today using (tenant_id)
    inner join first_days using (tenant_id)
    left join classes using (tenant_id, orders_class, recency_class)
)

select
    predictions.tenant_id,
    predictions.customer_key,
    customers.display_name,
    predictions.first_day as first_order_day,
    predictions.last_day as last_order_day,
    tenants.currency,
    tenants.minor_units,
    cast(1 as bigint) as customers,
    predictions.orders,
    cast(predictions.net_revenue_minor as bigint) as net_revenue_minor,
    predictions.similar_customers,
    cast(case when predictions.next_year_minor is null then 0 else 1 end as bigint) as customers_predicted,
    predictions.next_year_minor,
    cast(predictions.net_revenue_minor + predictions.next_year_minor as bigint) as predicted_ltv_minor,
    case
        when predictions.next_year_minor is not null then null
        when predictions.is_history_short then 'The first order is less than a year old'
        else 'Fewer than 30 similar customers a year ago'
    end as no_prediction_because
from predictions
inner join tenants using (tenant_id)
inner join customers using (tenant_id, customer_key)

with orders as (
    select * from {{ ref('int_orders') }}
    where is_known
),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

today as (select * from {{ ref('int_today') }}),

first_orders as (
    select
        tenant_id,
        customer_key,
        min(date_day) as first_day,
        cast(date_trunc('month', min(date_day)) as date) as cohort_month
    from orders
    group by all
),

sizes as (
    select
        tenant_id,
        cohort_month,
        count(*) as customers
    from first_orders
    group by all
),

horizons as (
    select
        sizes.*,
        unnest([30, 60, 90, 180, 365]) as horizon_days
    from sizes
),

complete_cohorts as (
    select horizons.*
    from horizons
    inner join today using (tenant_id)
    -- a customer of the month's last day has completed the horizon, the day of the first order included
    where horizons.cohort_month + interval 1 month + to_days(horizons.horizon_days - 1) <= today.today
),

revenue as (
    select
        first_orders.tenant_id,
        first_orders.cohort_month,
        complete_cohorts.horizon_days,
        sum(
            orders.gross_sales_minor - orders.discounts_minor - orders.returns_minor + orders.adjustments_minor
        ) as net_revenue_minor,
        count(*) as orders
    from first_orders
    inner join orders using (tenant_id, customer_key)
    inner join complete_cohorts using (tenant_id, cohort_month)
    where orders.date_day < first_orders.first_day + complete_cohorts.horizon_days
    group by all
)

select
    complete_cohorts.tenant_id,
    complete_cohorts.cohort_month,
    complete_cohorts.horizon_days,
    tenants.currency,
    tenants.minor_units,
    complete_cohorts.customers,
    cast(revenue.orders as bigint) as orders,
    cast(revenue.net_revenue_minor as bigint) as net_revenue_minor
from complete_cohorts
inner join tenants using (tenant_id)
inner join revenue using (tenant_id, cohort_month, horizon_days)

-- What customers brought in within so many days of their first order, for cohorts of which all customers are that old.
with orders as (
    select * from {{ ref('int_orders') }}
    where is_known
),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

today as (select * from {{ ref('int_today') }}),

firsts as (
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
    from firsts
    group by all
),

horizons as (
    select
        sizes.*,
        unnest([30, 60, 90, 180, 365]) as horizon_days
    from sizes
),

old_enough as (
    select horizons.*
    from horizons
    inner join today using (tenant_id)
    -- who came on the month's last day has had that many days, the first order's own included
    where horizons.cohort_month + interval 1 month + to_days(horizons.horizon_days - 1) <= today.today
),

paid as (
    select
        firsts.tenant_id,
        firsts.cohort_month,
        old_enough.horizon_days,
        sum(
            orders.gross_sales_minor - orders.discounts_minor - orders.returns_minor + orders.adjustments_minor
        ) as net_revenue_minor,
        count(*) as orders
    from firsts
    inner join orders using (tenant_id, customer_key)
    inner join old_enough using (tenant_id, cohort_month)
    where orders.date_day < firsts.first_day + old_enough.horizon_days
    group by all
)

select
    old_enough.tenant_id,
    old_enough.cohort_month,
    old_enough.horizon_days,
    tenants.currency,
    tenants.minor_units,
    old_enough.customers,
    cast(paid.orders as bigint) as orders,
    cast(paid.net_revenue_minor as bigint) as net_revenue_minor
from old_enough
inner join tenants using (tenant_id)
inner join paid using (tenant_id, cohort_month, horizon_days)

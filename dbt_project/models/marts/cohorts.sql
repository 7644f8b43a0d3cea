-- Revenue is net of refunds, by the order's month: returned goods, and adjustments for money paid back without goods or
-- kept for restocking.
with orders as (
    select * from {{ ref('int_orders') }}
    where is_known
),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

first_orders as (
    select
        tenant_id,
        customer_key,
        date_trunc('month', min(date_day)) as cohort_month
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

months as (
    select
        orders.tenant_id,
        first_orders.cohort_month,
        date_diff('month', first_orders.cohort_month, date_trunc('month', orders.date_day)) as month_number,
        count(distinct orders.customer_key) as active_customers,
        count(*) as orders,
        sum(
            orders.gross_sales_minor - orders.discounts_minor - orders.returns_minor + orders.adjustments_minor
        ) as net_revenue_minor
    from orders
    inner join first_orders using (tenant_id, customer_key)
    group by all
),

active as (
    select
        tenant_id,
        date_trunc('month', date_day) as month
    from orders
    union
    select
        tenant_id,
        date_trunc('month', date_day) as month
    from {{ ref('int_ledger') }}
),

newest as (
    select
        tenant_id,
        max(month) as month
    from active
    group by tenant_id
),

-- of a longer quiet time only its first year: one imported order of 1970 does not make 600 months
calendar as (
    select distinct
        active.tenant_id,
        active.month + quiet.months * interval '1' month as month
    from active
    inner join newest using (tenant_id)
    cross join {{ quiet_months() }}
    where active.month + quiet.months * interval '1' month <= newest.month
),

grid as (
    select
        sizes.tenant_id,
        sizes.cohort_month,
        sizes.customers,
        date_diff('month', sizes.cohort_month, calendar.month) as month_number
    from sizes
    inner join calendar
        on
            sizes.tenant_id = calendar.tenant_id
            and sizes.cohort_month <= calendar.month
)

select
    grid.tenant_id,
    cast(grid.cohort_month as date) as cohort_month,
    cast(grid.month_number as integer) as month_number,
    tenants.currency,
    tenants.minor_units,
    grid.customers,
    coalesce(months.active_customers, 0) as active_customers,
    coalesce(months.orders, 0) as orders,
    cast(coalesce(months.net_revenue_minor, 0) as bigint) as net_revenue_minor,
    cast(sum(coalesce(months.net_revenue_minor, 0)) over (
        partition by grid.tenant_id, grid.cohort_month order by grid.month_number
    ) as bigint) as cumulative_net_revenue_minor
from grid
inner join tenants using (tenant_id)
left join months using (tenant_id, cohort_month, month_number)

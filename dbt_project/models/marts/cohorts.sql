with months as (select * from {{ ref('int_cohort_months') }}),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

sizes as (
    select
        tenant_id,
        cohort_month,
        active_customers as customers
    from months
    where month_number = 0
),

active as (
    select
        tenant_id,
        date_trunc('month', date_day) as month
    from {{ ref('int_order_days') }}
    where known_orders > 0
    union
    select
        tenant_id,
        date_trunc('month', date_day) as month
    from {{ ref('int_daily_sales') }}
    where ledger_rows > 0
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
        {{ months_between('sizes.cohort_month', 'calendar.month') }} as month_number
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
    coalesce(months.row_count, 0) as orders,
    cast(coalesce(months.net_revenue_minor, 0) as bigint) as net_revenue_minor,
    cast(sum(coalesce(months.net_revenue_minor, 0)) over (
        partition by grid.tenant_id, grid.cohort_month order by grid.month_number
    ) as bigint) as cumulative_net_revenue_minor
from grid
inner join tenants using (tenant_id)
left join months using (tenant_id, cohort_month, month_number)

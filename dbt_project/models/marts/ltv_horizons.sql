with months as (select * from {{ ref('int_cohort_months') }}),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

today as (select * from {{ ref('int_today') }}),

horizons as (
    {%- for days in [30, 60, 90, 180, 365] %}
        select
            tenant_id,
            cohort_month,
            {{ days }} as horizon_days,
            sum(case when month_number = 0 then active_customers else 0 end) as customers,
            sum(orders_{{ days }}) as orders,
            sum(net_revenue_{{ days }}_minor) as net_revenue_minor
        from months
        group by tenant_id, cohort_month
        {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    horizons.tenant_id,
    horizons.cohort_month,
    horizons.horizon_days,
    tenants.currency,
    tenants.minor_units,
    cast(horizons.customers as bigint) as customers,
    cast(horizons.orders as bigint) as orders,
    cast(horizons.net_revenue_minor as bigint) as net_revenue_minor
from horizons
inner join tenants using (tenant_id)
inner join today using (tenant_id)
-- a customer of the month's last day has completed the horizon, the day of the first order included
where horizons.cohort_month + interval '1' month + horizons.horizon_days * interval '1' day <= today.today + 1

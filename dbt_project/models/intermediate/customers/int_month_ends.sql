with today as (select * from {{ ref('int_today') }}),

order_days as (
    select * from {{ ref('int_order_days') }}
    where known_orders > 0
),

order_months as (
    select
        tenant_id,
        cast(date_trunc('month', date_day) as date) as month,
        min(min(date_day)) over (partition by tenant_id) as first_day
    from order_days
    group by tenant_id, cast(date_trunc('month', date_day) as date)
),

-- until everybody is inactive, after two years at most: one imported order of 1970 does not make 600 months
months as (
    select distinct
        order_months.tenant_id,
        order_months.first_day,
        cast(order_months.month + quiet.months * interval '1' month as date) as month
    from order_months
    cross join {{ quiet_months(25) }}
)

select
    months.tenant_id,
    months.month,
    cast(months.month + interval '1' month as date) as next_month,
    cast(months.month + interval '1' month as date) <= today.today as is_complete,
    least(cast(months.month + interval '1' month as date) - 1, today.today) as end_day,
    months.first_day
from months
inner join today using (tenant_id)
where months.month <= today.today

with tenants as (select * from {{ ref('stg_takings__tenants') }}),

today as (select * from {{ ref('int_today') }}),

order_days as (
    select
        tenant_id,
        customer_key,
        date_day
    from {{ ref('int_orders') }}
    where is_known
    group by tenant_id, customer_key, date_day
),

-- from an order to the day on which its customer becomes inactive, or to the customer's next order
spans as (
    select
        order_days.tenant_id,
        order_days.customer_key,
        order_days.date_day,
        min(order_days.date_day) over customer as first_day,
        least(
            order_days.date_day + tenants.inactive_after_days, lead(order_days.date_day) over customer
        ) as end_day
    from order_days
    inner join tenants using (tenant_id)
    window customer as (partition by order_days.tenant_id, order_days.customer_key order by order_days.date_day)
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
),

ends as (
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
),

active as (
    select
        spans.tenant_id,
        spans.customer_key,
        ends.month,
        ends.next_month,
        spans.first_day >= ends.month as is_new,
        lag(ends.next_month) over customer as previous_until,
        lead(ends.month) over customer as following
    from spans
    inner join ends
        on
            spans.tenant_id = ends.tenant_id
            and spans.date_day <= ends.end_day
            and spans.end_day > ends.end_day
    window customer as (partition by spans.tenant_id, spans.customer_key order by ends.month)
),

arrivals as (
    select
        tenant_id,
        month,
        count(*) as customers_closing,
        count(*) filter (where is_new) as customers_new,
        count(*) filter (where not is_new and (previous_until is null or previous_until < month)) as customers_returned
    from active
    group by tenant_id, month
),

departures as (
    select
        tenant_id,
        next_month as month,
        count(*) as customers_opening,
        count(*) filter (where following is null or following > next_month) as customers_lost
    from active
    group by tenant_id, next_month
)

select
    ends.tenant_id,
    ends.month as date_month,
    ends.is_complete,
    tenants.inactive_after_days,
    coalesce(departures.customers_opening, 0) as customers_opening,
    coalesce(arrivals.customers_new, 0) as customers_new,
    coalesce(arrivals.customers_returned, 0) as customers_returned,
    -- empty while the shop is too young to have lost anybody: 0 would look like a measured churn of 0 %
    case
        when ends.end_day >= ends.first_day + tenants.inactive_after_days then coalesce(departures.customers_lost, 0)
    end as customers_lost,
    coalesce(arrivals.customers_closing, 0) as customers_closing
from ends
inner join tenants using (tenant_id)
left join arrivals using (tenant_id, month)
left join departures using (tenant_id, month)

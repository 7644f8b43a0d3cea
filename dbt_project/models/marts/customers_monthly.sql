with tenants as (select * from {{ ref('stg_takings__tenants') }}),

ends as (select * from {{ ref('int_month_ends') }}),

months as (select * from {{ ref('int_customer_months') }})

select
    ends.tenant_id,
    ends.month as date_month,
    ends.is_complete,
    tenants.inactive_after_days,
    coalesce(months.customers_opening, 0) as customers_opening,
    coalesce(months.customers_new, 0) as customers_new,
    coalesce(months.customers_returned, 0) as customers_returned,
    -- empty while the shop is too young to have lost anybody: 0 would look like a measured churn of 0 %
    case
        when ends.end_day >= ends.first_day + tenants.inactive_after_days then coalesce(months.customers_lost, 0)
    end as customers_lost,
    coalesce(months.customers_closing, 0) as customers_closing
from ends
inner join tenants using (tenant_id)
left join months using (tenant_id, month)

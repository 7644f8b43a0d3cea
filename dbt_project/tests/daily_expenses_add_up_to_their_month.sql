-- Complete months whose daily expenses do not add up to the month's.
with days as (
    select
        tenant_id,
        date_trunc('month', date_day) as month,
        sum(amount_minor) as amount_minor
    from {{ ref('int_expense_days') }}
    group by tenant_id, date_trunc('month', date_day)
),

months as (
    select
        expenses.tenant_id,
        expenses.expense_month as month,
        sum({{ convert('expenses.own_amount_minor', 'rates.factor') }}) as amount_minor
    from {{ ref('int_expenses') }} as expenses
    inner join {{ ref('int_today') }} as today using (tenant_id)
    left join {{ ref('int_finance_rates') }} as rates
        on
            expenses.tenant_id = rates.tenant_id
            and expenses.own_currency = rates.own_currency
            and expenses.own_minor_units = rates.own_minor_units
            and expenses.expense_month = rates.date_day
    where expenses.expense_month + interval '1' month <= today.today
    group by expenses.tenant_id, expenses.expense_month
)

select
    months.tenant_id,
    months.month,
    months.amount_minor as monthly_amount_minor,
    days.amount_minor as daily_amount_minor
from months
left join days using (tenant_id, month)
where months.amount_minor is distinct from days.amount_minor

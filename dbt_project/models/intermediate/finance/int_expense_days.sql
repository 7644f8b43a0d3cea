-- The first days of a month carry the remainder, so that the days add up to the month. Converted once per month.
with expenses as (select * from {{ ref('int_expenses') }}),

rates as (select * from {{ ref('int_finance_rates') }}),

today as (select * from {{ ref('int_today') }}),

months as (
    select
        expenses.tenant_id,
        expenses.source,
        expenses.source_account,
        expenses.category,
        expenses.cost_kind,
        expenses.expense_month,
        cast(expenses.expense_month + interval '1' month as date) as next_month,
        {{ convert('expenses.own_amount_minor', 'rates.factor') }} as amount_minor
    from expenses
    left join rates
        on
            expenses.tenant_id = rates.tenant_id
            and expenses.own_currency = rates.own_currency
            and expenses.own_minor_units = rates.own_minor_units
            and expenses.expense_month = rates.date_day
),

days as (
    select
        *,
        {{ days_between('expense_month', 'next_month') }} as days,
        {{ each_date('day', 'expense_month', 'next_month - 1') }} as date_day
    from months
),

spread as (
    select
        *,
        {{ whole_division('amount_minor', 'days') }} as daily_minor,
        {{ days_between('expense_month', 'date_day') }} + 1 as day_number
    from days
)

select
    spread.tenant_id,
    spread.source,
    spread.source_account,
    spread.category,
    spread.cost_kind,
    spread.date_day,
    spread.daily_minor
    + case
        when spread.day_number <= abs(spread.amount_minor - spread.daily_minor * spread.days)
            then sign(spread.amount_minor)
        else 0
    end as amount_minor
from spread
inner join today using (tenant_id)
where spread.date_day <= today.today

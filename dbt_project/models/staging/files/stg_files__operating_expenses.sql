with expenses as (
    {{ sheet_rows('operating_expenses', ['month', 'category', 'cost_kind', 'amount', 'currency']) }}
),

accounts as (select * from {{ ref('stg_takings__accounts') }}),

currencies as (select * from {{ ref('currencies') }})

select
    expenses.tenant_id,
    expenses.source,
    expenses.source_account,
    cast(date_trunc('month', expenses.month) as date) as expense_month,
    expenses.category,
    expenses.cost_kind,
    expenses.currency as own_currency,
    currencies.minor_units as own_minor_units,
    {{ to_minor('expenses.amount', 'currencies.minor_units') }} as own_amount_minor
from expenses
inner join accounts using (tenant_id, source, source_account)
left join currencies on expenses.currency = currencies.currency

with balances as (select * from {{ ref('int_bank_balances') }}),

rates as (select * from {{ ref('int_finance_rates') }}),

today as (select * from {{ ref('int_today') }}),

ranges as (
    select
        balances.tenant_id,
        date_trunc('month', min(balances.date_day)) as first_month,
        date_trunc('month', min(today.today)) as last_month
    from balances
    inner join today using (tenant_id)
    group by balances.tenant_id
),

months as (
    select
        tenant_id,
        {{ each_date('month', 'first_month', 'last_month') }} as month
    from ranges
),

ranked_balances as (
    select
        months.month,
        balances.*,
        row_number() over (
            partition by balances.tenant_id, balances.source_account, balances.bank_account, months.month
            order by balances.date_day desc nulls last
        ) as balance_number
    from months
    inner join balances
        on
            months.tenant_id = balances.tenant_id
            and balances.date_day < months.month + interval '1' month
),

newest_balances as (
    select * from ranked_balances
    where balance_number = 1
)

select
    newest_balances.tenant_id,
    newest_balances.month,
    cast(sum({{ convert('newest_balances.own_balance_minor', 'rates.factor') }}) as bigint) as cash_balance_minor
from newest_balances
left join rates
    on
        newest_balances.tenant_id = rates.tenant_id
        and newest_balances.own_currency = rates.own_currency
        and newest_balances.own_minor_units = rates.own_minor_units
        and newest_balances.date_day = rates.date_day
group by newest_balances.tenant_id, newest_balances.month

-- What the bank accounts held at each month's end, or hold today: the newest balance of each that was written down by
-- then, at the rate of the day on which it was.
with balances as (select * from {{ ref('int_balances') }}),

rates as (select * from {{ ref('int_finance_rates') }}),

today as (select * from {{ ref('int_today') }}),

months as (
    select
        balances.tenant_id,
        cast(unnest(generate_series(
            date_trunc('month', min(balances.date_day)), date_trunc('month', min(today.today)), interval 1 month
        )) as date) as month
    from balances
    inner join today using (tenant_id)
    group by balances.tenant_id
),

newest as (
    select
        months.month,
        balances.*
    from months
    inner join balances
        on
            months.tenant_id = balances.tenant_id
            and balances.date_day < months.month + interval 1 month
    qualify
        row_number() over (
            partition by balances.tenant_id, balances.source_account, balances.bank_account, months.month
            order by balances.date_day desc
        ) = 1
)

select
    newest.tenant_id,
    newest.month,
    cast(sum({{ converted('newest.own_balance_minor', 'rates.factor') }}) as bigint) as cash_balance_minor
from newest
left join rates
    on
        newest.tenant_id = rates.tenant_id
        and newest.own_currency = rates.own_currency
        and newest.own_minor_units = rates.own_minor_units
        and newest.date_day = rates.date_day
group by all

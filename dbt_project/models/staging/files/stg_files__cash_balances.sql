with balances as (
    {{ sheet_rows('cash_balances', ['day', 'bank_account', 'balance', 'currency']) }}
),

accounts as (select * from {{ ref('stg_takings__accounts') }}),

currencies as (select * from {{ ref('currencies') }})

select
    balances.tenant_id,
    balances.source,
    balances.source_account,
    balances.bank_account,
    balances.day as date_day,
    balances.currency as own_currency,
    currencies.minor_units as own_minor_units,
    {{ to_minor('balances.balance', 'currencies.minor_units') }} as own_balance_minor
from balances
inner join accounts using (tenant_id, source, source_account)
left join currencies on balances.currency = currencies.currency

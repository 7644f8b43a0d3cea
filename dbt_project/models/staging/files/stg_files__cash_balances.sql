with balances as (select * from {{ source('files', 'cash_balances') }}),

accounts as (
    select * from {{ ref('stg_takings__accounts') }}
    where source = 'files'
),

currencies as (select * from {{ ref('currencies') }})

select
    balances.tenant_id,
    accounts.source,
    balances.source_account,
    balances.bank_account,
    balances.day as date_day,
    balances.currency as own_currency,
    currencies.minor_units as own_minor_units,
    {{ to_minor('balances.balance', 'currencies.minor_units') }} as own_balance_minor
from balances
inner join accounts using (tenant_id, source_account)
left join currencies on balances.currency = currencies.currency

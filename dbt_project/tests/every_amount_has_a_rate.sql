-- Pairs of currencies without an exchange rate for a day on which an amount needs one.
select
    tenant_id,
    order_currency as own_currency,
    currency,
    date_day
from {{ ref('int_exchange_rates') }}
where factor is null
union all
select
    tenant_id,
    own_currency,
    currency,
    date_day
from {{ ref('int_finance_rates') }}
where factor is null

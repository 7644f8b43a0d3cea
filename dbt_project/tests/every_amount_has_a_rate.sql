-- A pair of currencies without a rate for a day: the pair and the day are the failing rows.
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

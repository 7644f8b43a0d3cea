with subscribers as (select * from {{ ref('int_subscribers_monthly') }}),

rates as (select * from {{ ref('int_finance_rates') }})

select
    subscribers.tenant_id,
    subscribers.source,
    subscribers.source_account,
    subscribers.month,
    subscribers.customer_id,
    subscribers.customer_name,
    subscribers.customer_email,
    subscribers.own_currency,
    {{ convert('subscribers.own_mrr_minor', 'rates.factor') }} as mrr_minor,
    coalesce({{ convert('previous.own_mrr_minor', 'previous_rates.factor') }}, 0) as opening_mrr_minor,
    coalesce({{ convert('previous.own_mrr_minor', 'rates.factor') }}, 0) as revalued_mrr_minor
from subscribers
left join rates
    on
        subscribers.tenant_id = rates.tenant_id
        and subscribers.own_currency = rates.own_currency
        and subscribers.own_minor_units = rates.own_minor_units
        and subscribers.rate_day = rates.date_day
left join subscribers as previous
    on
        subscribers.tenant_id = previous.tenant_id
        and subscribers.source_account = previous.source_account
        and subscribers.customer_id = previous.customer_id
        and subscribers.own_currency = previous.own_currency
        and subscribers.month - interval '1' month = previous.month
left join rates as previous_rates
    on
        previous.tenant_id = previous_rates.tenant_id
        and previous.own_currency = previous_rates.own_currency
        and previous.own_minor_units = previous_rates.own_minor_units
        and previous.rate_day = previous_rates.date_day

-- One row a customer, currency and month in which they pay or paid the month before: what they are worth a month, now
-- and then, in the tenant's currency at the rate of each month's end, and then at the rate of now.
with subscribed as (select * from {{ ref('int_subscribed_months') }}),

rates as (select * from {{ ref('int_finance_rates') }})

select
    subscribed.tenant_id,
    subscribed.source,
    subscribed.source_account,
    subscribed.month,
    subscribed.customer_id,
    subscribed.customer_name,
    subscribed.customer_email,
    subscribed.own_currency,
    {{ converted('subscribed.own_mrr_minor', 'rates.factor') }} as mrr_minor,
    coalesce({{ converted('before.own_mrr_minor', 'rates_before.factor') }}, 0) as opening_mrr_minor,
    coalesce({{ converted('before.own_mrr_minor', 'rates.factor') }}, 0) as revalued_mrr_minor
from subscribed
left join rates
    on
        subscribed.tenant_id = rates.tenant_id
        and subscribed.own_currency = rates.own_currency
        and subscribed.own_minor_units = rates.own_minor_units
        and subscribed.rate_day = rates.date_day
left join subscribed as before
    on
        subscribed.tenant_id = before.tenant_id
        and subscribed.source_account = before.source_account
        and subscribed.customer_id = before.customer_id
        and subscribed.own_currency = before.own_currency
        and subscribed.month - interval 1 month = before.month
left join rates as rates_before
    on
        before.tenant_id = rates_before.tenant_id
        and before.own_currency = rates_before.own_currency
        and before.own_minor_units = rates_before.own_minor_units
        and before.rate_day = rates_before.date_day

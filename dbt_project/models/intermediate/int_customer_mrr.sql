-- One row a customer, currency and month in which they pay or paid the month before: what they are worth a month, now
-- and then, in the tenant's currency at the rate of each month's end, and then at the rate of now.
with items as (
    select
        tenant_id,
        source,
        source_account,
        month,
        customer_id,
        own_currency,
        own_minor_units,
        max(rate_day) as rate_day,
        max(customer_name) as customer_name,
        max(customer_email) as customer_email,
        cast(sum(own_mrr_minor) as bigint) as own_mrr_minor
    from {{ ref('int_item_mrr') }}
    group by all
    having sum(own_mrr_minor) > 0
),

months as (select * from {{ ref('int_mrr_months') }}),

rates as (select * from {{ ref('int_finance_rates') }}),

pairs as (
    select * from items
    union all by name
    select
        items.tenant_id,
        items.source,
        items.source_account,
        items.customer_id,
        items.own_currency,
        items.own_minor_units,
        items.customer_name,
        items.customer_email,
        months.month,
        months.rate_day,
        cast(0 as bigint) as own_mrr_minor
    from items
    inner join months
        on
            items.tenant_id = months.tenant_id
            and items.source_account = months.source_account
            and items.month + interval 1 month = months.month
),

held as (
    select
        tenant_id,
        source,
        source_account,
        month,
        customer_id,
        own_currency,
        own_minor_units,
        max(rate_day) as rate_day,
        max(customer_name) as customer_name,
        max(customer_email) as customer_email,
        sum(own_mrr_minor) as own_mrr_minor
    from pairs
    group by all
)

select
    held.tenant_id,
    held.source,
    held.source_account,
    held.month,
    held.customer_id,
    held.customer_name,
    held.customer_email,
    held.own_currency,
    {{ converted('held.own_mrr_minor', 'rates.factor') }} as mrr_minor,
    coalesce({{ converted('before.own_mrr_minor', 'rates_before.factor') }}, 0) as opening_mrr_minor,
    coalesce({{ converted('before.own_mrr_minor', 'rates.factor') }}, 0) as revalued_mrr_minor
from held
left join rates
    on
        held.tenant_id = rates.tenant_id
        and held.own_currency = rates.own_currency
        and held.own_minor_units = rates.own_minor_units
        and held.rate_day = rates.date_day
left join items as before
    on
        held.tenant_id = before.tenant_id
        and held.source_account = before.source_account
        and held.customer_id = before.customer_id
        and held.own_currency = before.own_currency
        and held.month - interval 1 month = before.month
left join rates as rates_before
    on
        before.tenant_id = rates_before.tenant_id
        and before.own_currency = rates_before.own_currency
        and before.own_minor_units = rates_before.own_minor_units
        and before.rate_day = rates_before.date_day

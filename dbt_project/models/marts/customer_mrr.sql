-- A customer's month: what they are worth at its end and why it is not what it was at the end of the month before. The
-- reasons are tested in this order: new, reactivation, churn, expansion, contraction; what the exchange rate did to the
-- worth of those who stay stands apart.
with customers as (
    select
        tenant_id,
        source,
        source_account,
        month,
        customer_id,
        max(customer_name) as customer_name,
        max(customer_email) as customer_email,
        sum(mrr_minor) as mrr_minor,
        sum(opening_mrr_minor) as opening_mrr_minor,
        sum(revalued_mrr_minor) as revalued_mrr_minor
    from {{ ref('int_customer_mrr') }}
    group by all
),

months as (select * from {{ ref('int_mrr_months') }}),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

told as (
    select
        *,
        case
            when opening_mrr_minor = 0 and mrr_minor > 0 and coalesce(max(mrr_minor) over (
                partition by tenant_id, source_account, customer_id order by month
                rows between unbounded preceding and 1 preceding
            ), 0) = 0 then 'new'
            when opening_mrr_minor = 0 and mrr_minor > 0 then 'reactivation'
            when mrr_minor = 0 then 'churn'
            when mrr_minor > revalued_mrr_minor then 'expansion'
            when mrr_minor < revalued_mrr_minor then 'contraction'
            else 'unchanged'
        end as movement
    from customers
)

select
    told.tenant_id,
    told.source,
    told.source_account,
    told.customer_id,
    told.customer_name,
    told.customer_email,
    told.month as date_month,
    tenants.currency,
    tenants.minor_units,
    cast(told.opening_mrr_minor as bigint) as opening_mrr_minor,
    cast(told.mrr_minor as bigint) as mrr_minor,
    told.movement,
    -- who leaves takes what they were worth; nobody is left whom a rate could move
    cast(case
        when told.movement = 'churn' then -told.opening_mrr_minor
        else told.mrr_minor - told.revalued_mrr_minor
    end as bigint) as movement_mrr_minor,
    cast(case
        when told.movement = 'churn' then 0 else told.revalued_mrr_minor - told.opening_mrr_minor
    end as bigint) as fx_mrr_minor,
    months.is_estimated,
    months.is_complete
from told
inner join tenants using (tenant_id)
inner join months using (tenant_id, source_account, month)
where told.mrr_minor > 0 or told.opening_mrr_minor > 0

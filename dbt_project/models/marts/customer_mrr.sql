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
    group by tenant_id, source, source_account, month, customer_id
),

months as (select * from {{ ref('int_mrr_months') }}),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

movements as (
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
    movements.tenant_id,
    movements.source,
    movements.source_account,
    movements.customer_id,
    movements.customer_name,
    movements.customer_email,
    movements.month as date_month,
    tenants.currency,
    tenants.minor_units,
    cast(movements.opening_mrr_minor as bigint) as opening_mrr_minor,
    cast(movements.mrr_minor as bigint) as mrr_minor,
    movements.movement,
    -- a customer who leaves takes their opening amount; no exchange rate applies to it
    cast(case
        when movements.movement = 'churn' then -movements.opening_mrr_minor
        else movements.mrr_minor - movements.revalued_mrr_minor
    end as bigint) as movement_mrr_minor,
    cast(case
        when movements.movement = 'churn' then 0 else movements.revalued_mrr_minor - movements.opening_mrr_minor
    end as bigint) as fx_mrr_minor,
    months.is_estimated,
    months.is_complete
from movements
inner join tenants using (tenant_id)
inner join months using (tenant_id, source_account, month)
where movements.mrr_minor > 0 or movements.opening_mrr_minor > 0

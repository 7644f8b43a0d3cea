-- Only tenants with costs: without them a profit is unknown, and what stays after refunds is in vault_sales.
with costs as (select * from {{ ref('int_vault_costs') }}),

rates as (select * from {{ ref('int_finance_rates') }}),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

with_costs as (select distinct tenant_id from costs),

entries as (
    select
        sales.tenant_id,
        sales.date_day,
        sales.vault_id,
        sales.niche,
        sales.product_name,
        '(sales)' as category,
        sales.revenue_minor,
        sales.refunded_minor,
        0 as costs_minor
    from {{ ref('vault_sales') }} as sales
    inner join with_costs on sales.tenant_id = with_costs.tenant_id
    union all
    select
        costs.tenant_id,
        costs.date_day,
        costs.vault_id,
        costs.niche,
        costs.product_name,
        costs.category,
        0 as revenue_minor,
        0 as refunded_minor,
        {{ convert('costs.own_amount_minor', 'rates.factor') }} as costs_minor
    from costs
    left join rates
        on
            costs.tenant_id = rates.tenant_id
            and costs.own_currency = rates.own_currency
            and costs.own_minor_units = rates.own_minor_units
            and costs.date_day = rates.date_day
)

select
    entries.tenant_id,
    entries.date_day,
    entries.vault_id,
    entries.niche,
    entries.product_name,
    entries.category,
    tenants.currency,
    tenants.minor_units,
    cast(sum(entries.revenue_minor) as bigint) as revenue_minor,
    cast(sum(entries.refunded_minor) as bigint) as refunded_minor,
    cast(sum(entries.costs_minor) as bigint) as costs_minor,
    cast(sum(entries.revenue_minor) - sum(entries.refunded_minor) - sum(entries.costs_minor) as bigint) as profit_minor
from entries
inner join tenants on entries.tenant_id = tenants.tenant_id
group by
    entries.tenant_id,
    entries.date_day,
    entries.vault_id,
    entries.niche,
    entries.product_name,
    entries.category,
    tenants.currency,
    tenants.minor_units

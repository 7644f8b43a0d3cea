-- A tenant's months of money: what came in, what it cost, what is left, from the days of metrics_daily. Money in is net
-- sales and shipping of the shop with its adjustments (what was paid back for returned goods is off net sales already)
-- and what came straight through Stripe, less what of that was paid back; disputes are a cost, since the shop's own
-- numbers do not know of them.
with days as (select * from {{ ref('metrics_daily') }}),

today as (select * from {{ ref('int_today') }}),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

found as (
    select
        tenant_id,
        cast(date_trunc('month', date_day) as date) as month,
        sum(net_sales_minor) as net_sales_minor,
        sum(shipping_minor) as shipping_minor,
        sum(adjustments_minor) as adjustments_minor,
        sum(direct_revenue_minor) as direct_revenue_minor,
        coalesce(sum(cash_refunded_minor) filter (where channel = 'API / direct'), 0) as direct_refunds_minor,
        sum(cost_of_goods_minor) as cost_of_goods_minor,
        sum(ad_spend_minor) as ad_spend_minor,
        sum(cash_fees_minor) as processing_fees_minor,
        sum(disputes_minor) as disputes_minor,
        sum(fixed_expenses_minor) as fixed_expenses_minor,
        sum(operating_expenses_minor) - sum(fixed_expenses_minor) as variable_expenses_minor,
        sum(operating_expenses_minor) as operating_expenses_minor
    from days
    group by all
),

-- a month without anything is a month too
spine as (
    select
        tenant_id,
        cast(unnest(generate_series(min(month), max(month), interval 1 month)) as date) as month
    from found
    group by tenant_id
),

months as (
    select
        spine.tenant_id,
        spine.month,
        coalesce(columns(found.* exclude (tenant_id, month)), 0)
    from spine
    left join found using (tenant_id, month)
),

summed as (
    select
        *,
        net_sales_minor + shipping_minor + adjustments_minor + direct_revenue_minor - direct_refunds_minor
            as income_minor,
        cost_of_goods_minor + ad_spend_minor + processing_fees_minor + disputes_minor
        + variable_expenses_minor as variable_costs_minor
    from months
)

select
    summed.*,
    tenants.currency,
    tenants.minor_units,
    summed.income_minor - summed.variable_costs_minor as contribution_margin_minor,
    summed.variable_costs_minor + summed.fixed_expenses_minor - summed.income_minor as net_burn_minor,
    summed.month + interval 1 month <= today.today as is_complete
from summed
inner join tenants using (tenant_id)
inner join today using (tenant_id)
where summed.month <= today.today

-- Refunds of orders are already in net sales (returns). Disputes are a cost, since the shop's own figures do not
-- include them.
{%- set measures = [
    'net_sales_minor', 'shipping_minor', 'adjustments_minor', 'direct_revenue_minor', 'direct_refunds_minor',
    'cost_of_goods_minor', 'ad_spend_minor', 'processing_fees_minor', 'disputes_minor', 'fixed_expenses_minor',
    'variable_expenses_minor', 'operating_expenses_minor'
] %}
with days as (select * from {{ ref('metrics_daily') }}),

today as (select * from {{ ref('int_today') }}),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

sums as (
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
    group by tenant_id, date_trunc('month', date_day)
),

newest as (
    select
        tenant_id,
        max(month) as month
    from sums
    group by tenant_id
),

-- months without any row are included, but of a longer quiet time only its first year: one imported order of 1970 does
-- not make 600 months
spine as (
    select distinct
        sums.tenant_id,
        cast(sums.month + quiet.months * interval '1' month as date) as month
    from sums
    inner join newest using (tenant_id)
    cross join {{ quiet_months() }}
    where sums.month + quiet.months * interval '1' month <= newest.month
),

months as (
    select
        spine.tenant_id,
        spine.month,
    {%- for name in measures %}
        coalesce(sums.{{ name }}, 0) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
    from spine
    left join sums using (tenant_id, month)
),

totals as (
    select
        *,
        net_sales_minor + shipping_minor + adjustments_minor + direct_revenue_minor - direct_refunds_minor
            as income_minor,
        cost_of_goods_minor + ad_spend_minor + processing_fees_minor + disputes_minor
        + variable_expenses_minor as variable_costs_minor
    from months
)

select
    totals.*,
    tenants.currency,
    tenants.minor_units,
    totals.income_minor - totals.variable_costs_minor as contribution_margin_minor,
    totals.variable_costs_minor + totals.fixed_expenses_minor - totals.income_minor as net_burn_minor,
    totals.month + interval '1' month <= today.today as is_complete
from totals
inner join tenants using (tenant_id)
inner join today using (tenant_id)
where totals.month <= today.today

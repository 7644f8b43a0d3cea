{{ config(meta={'unit': 'day'}) }}
with sales as (select * from {{ ref('int_sale_costs') }}),

rates as (select * from {{ ref('int_finance_rates') }}),

goods as (
    select
        sales.*,
        {{ convert('sales.own_cost_minor', 'rates.factor') }} as cost_minor
    from sales
    left join rates
        on
            sales.tenant_id = rates.tenant_id
            and sales.own_currency = rates.own_currency
            and sales.own_minor_units = rates.own_minor_units
            and sales.date_day = rates.date_day
)

select
    tenant_id,
    source,
    channel,
    date_day,
    coalesce(sum(cost_minor), 0) as cost_of_goods_minor,
    coalesce(sum(cost_minor) filter (where cost_basis = 'assumed'), 0) as cost_of_goods_assumed_minor,
    {%- for basis in ['recorded', 'assumed', 'missing'] %}
        coalesce(sum(net_sales_minor) filter (where cost_basis = '{{ basis }}'), 0) as sales_cost_{{ basis }}_minor,
    {%- endfor %}
    0 as operating_expenses_minor,
    0 as fixed_expenses_minor
from goods
group by all
union all by name
select
    tenant_id,
    source,
    'Account' as channel,
    date_day,
    sum(amount_minor) as operating_expenses_minor,
    coalesce(sum(amount_minor) filter (where cost_kind = 'fixed'), 0) as fixed_expenses_minor
from {{ ref('int_expense_days') }}
group by all

{{ config(meta={'unit': 'order', 'sums_by': ['tenant_id', 'source', 'channel', 'date_day']}) }}
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
),

costs as (
    select
        tenant_id,
        source,
        channel,
        date_day,
        cost_minor as cost_of_goods_minor,
        case when cost_basis = 'assumed' then cost_minor end as cost_of_goods_assumed_minor,
        {%- for basis in ['recorded', 'assumed', 'missing'] %}
            case when cost_basis = '{{ basis }}' then net_sales_minor end as sales_cost_{{ basis }}_minor,
        {%- endfor %}
        null as operating_expenses_minor,
        null as fixed_expenses_minor
    from goods
    union all
    select
        tenant_id,
        source,
        'Account' as channel,
        date_day,
        null as cost_of_goods_minor,
        null as cost_of_goods_assumed_minor,
        {%- for basis in ['recorded', 'assumed', 'missing'] %}
            null as sales_cost_{{ basis }}_minor,
        {%- endfor %}
        amount_minor as operating_expenses_minor,
        case when cost_kind = 'fixed' then amount_minor end as fixed_expenses_minor
    from {{ ref('int_expense_days') }}
)

select
    tenant_id,
    source,
    channel,
    date_day,
    {%- for name in [
        'cost_of_goods', 'cost_of_goods_assumed', 'sales_cost_recorded', 'sales_cost_assumed', 'sales_cost_missing',
        'operating_expenses', 'fixed_expenses'
    ] %}
        coalesce(sum({{ name }}_minor), 0) as {{ name }}_minor,
    {%- endfor %}
    cast(count(*) as bigint) as row_count
from costs
group by
    tenant_id,
    source,
    channel,
    date_day

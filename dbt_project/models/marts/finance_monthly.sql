with months as (select * from {{ ref('int_finance_months') }}),

balances as (select * from {{ ref('int_cash_balances_monthly') }}),

outlook as (select * from {{ ref('int_finance_outlook') }})

select
    months.tenant_id,
    months.month as date_month,
    months.currency,
    months.minor_units,
    months.is_complete,
    {%- for name in [
        'net_sales', 'shipping', 'adjustments', 'direct_revenue', 'direct_refunds', 'income', 'cost_of_goods',
        'ad_spend', 'processing_fees', 'disputes', 'variable_expenses', 'fixed_expenses', 'operating_expenses',
        'contribution_margin', 'net_burn'
    ] %}
        cast(months.{{ name }}_minor as bigint) as {{ name }}_minor,
    {%- endfor %}
    balances.cash_balance_minor,
    outlook.trailing_burn_minor,
    greatest(outlook.trailing_burn_minor, 0) as burning_minor,
    case
        when outlook.burn_minor > 0 and balances.cash_balance_minor >= 0
            then
                cast(
                    cast(
                        cast(balances.cash_balance_minor as hugeint) * 100 * outlook.burn_months // outlook.burn_minor
                        as decimal(18, 0)
                    ) * 0.01 as decimal(20, 2)
                )
    end as runway_months,
    case
        when months.income_minor > 0
            then
                cast(
                    cast(
                        {{ divide('months.contribution_margin_minor * 1000000', 'months.income_minor') }}
                        as decimal(18, 0)
                    ) * 0.000001 as decimal(20, 6)
                )
    end as contribution_margin_rate,
    outlook.break_even_revenue_minor,
    cast(months.month + to_months(outlook.months_to_break_even) as date) as break_even_month
from months
left join balances using (tenant_id, month)
left join outlook using (tenant_id, month)

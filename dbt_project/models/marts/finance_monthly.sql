-- A part whose source the tenant does not have is unknown. Income adds what is known; what is left after all costs is
-- unknown without operating expenses.
{%- set parts = {
    'net_sales': 'has_shop', 'shipping': 'has_shop', 'adjustments': 'has_shop', 'direct_revenue': 'has_stripe',
    'direct_refunds': 'has_stripe', 'income': 'has_income', 'cost_of_goods': 'has_shop', 'ad_spend': 'has_ads',
    'processing_fees': 'has_stripe', 'disputes': 'has_stripe', 'variable_expenses': 'has_expenses',
    'fixed_expenses': 'has_expenses', 'operating_expenses': 'has_expenses', 'contribution_margin': 'has_expenses',
    'net_burn': 'has_expenses',
} %}
with months as (select * from {{ ref('int_finance_months') }}),

balances as (select * from {{ ref('int_cash_balances_monthly') }}),

outlook as (
    select outlook.*
    from {{ ref('int_finance_outlook') }} as outlook
    inner join {{ ref('int_known_sources') }} as known_sources using (tenant_id)
    where known_sources.has_expenses
),

known_sources as (
    select
        *,
        has_shop or has_stripe as has_income
    from {{ ref('int_known_sources') }}
)

select
    months.tenant_id,
    months.month as date_month,
    months.currency,
    months.minor_units,
    months.is_complete,
    {%- for name, source in parts.items() %}
        case when known_sources.{{ source }} then cast(months.{{ name }}_minor as bigint) end as {{ name }}_minor,
    {%- endfor %}
    balances.cash_balance_minor,
    outlook.trailing_burn_minor,
    case when known_sources.has_expenses then greatest(outlook.trailing_burn_minor, 0) end as burning_minor,
    case
        when outlook.burn_minor > 0 and balances.cash_balance_minor >= 0
            then
                cast(
                    cast(
                        {{ whole_division(
                            'cast(balances.cash_balance_minor as ' ~ wide_integer() ~ ') * 100 * outlook.burn_months',
                            'outlook.burn_minor'
                        ) }}
                        as decimal(18, 0)
                    ) * 0.01 as decimal(20, 2)
                )
    end as runway_months,
    case
        when months.income_minor > 0 and known_sources.has_expenses
            then
                cast(
                    cast(
                        {{ divide('months.contribution_margin_minor * 1000000', 'months.income_minor') }}
                        as decimal(18, 0)
                    ) * 0.000001 as decimal(20, 6)
                )
    end as contribution_margin_rate,
    outlook.break_even_revenue_minor,
    cast(months.month + outlook.months_to_break_even * interval '1' month as date) as break_even_month
from months
inner join known_sources using (tenant_id)
left join balances using (tenant_id, month)
left join outlook using (tenant_id, month)

{%- set needs = {
    'stg_stripe__balance_transactions': 'date_day',
    'int_subscribers_monthly': 'rate_day',
    'int_sale_costs': 'date_day',
    'int_expenses': 'expense_month',
    'int_bank_balances': 'date_day',
    'int_vault_costs': 'date_day'
} %}
with tenants as (select * from {{ ref('stg_takings__tenants') }}),

rates as (select * from {{ source('takings', 'exchange_rates') }}),

needed as (
    {%- for model, day in needs.items() %}
        select
            tenant_id,
            own_currency,
            own_minor_units,
            {{ day }} as date_day
        from {{ ref(model) }}
        where own_currency is not null
        {{ 'union' if not loop.last }}
    {%- endfor %}
),

candidates as (
    select
        needed.*,
        tenants.currency,
        tenants.minor_units,
        cast(case when needed.own_currency = tenants.currency then 1 else rates.rate end as decimal(20, 12)) as rate,
        case when needed.own_currency = tenants.currency then needed.date_day else rates.rate_day end as rate_date,
        row_number() over (
            partition by needed.tenant_id, needed.own_currency, needed.own_minor_units, needed.date_day
            order by rates.rate_day desc nulls last
        ) as rate_number
    from needed
    inner join tenants using (tenant_id)
    left join rates
        on
            needed.own_currency = rates.from_currency
            and tenants.currency = rates.to_currency
            and rates.rate_day between needed.date_day - 6 and needed.date_day
)

select
    tenant_id,
    own_currency,
    own_minor_units,
    date_day,
    currency,
    minor_units,
    rate_date,
    rate,
    -- from minor units to minor units; 1000 and 0.001 avoid a division in floats
    cast(
        rate
        * cast(minor_units as decimal(4, 0))
        * cast({{ whole_division('1000', 'own_minor_units') }} as decimal(4, 0))
        * 0.001
        as decimal(20, 12)
    ) as factor
from candidates
where rate_number = 1

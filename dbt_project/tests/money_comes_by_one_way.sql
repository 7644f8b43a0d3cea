-- Expenses, balances and costs of vaults that came by two ways, such as a file and a table: each counts, so they count
-- twice. Only several equal rows are named; a single one may be a coincidence.
{{ config(severity='warn', meta={'text': 'message'}) }}
{% set ways = {
    'operating expenses': ('stg_files__operating_expenses', 'expense_month', 'category', 'own_amount_minor'),
    'cash balances': ('stg_files__cash_balances', 'date_day', 'bank_account', 'own_balance_minor'),
    'costs of vaults': ('stg_records__vault_costs', 'cost_day', "coalesce(category, '')", 'own_amount_minor')
} %}
with records as (
    {% for kind, (model, day, name, amount) in ways.items() %}
        select
            tenant_id,
            '{{ kind }}' as kind,
            source || ' ' || source_account as way,
            {{ day }} as date_day,
            {{ name }} as name,
            own_currency,
            {{ amount }} as own_amount_minor
        from {{ ref(model) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

contents as (
    select
        tenant_id,
        kind,
        date_day,
        name,
        own_currency,
        own_amount_minor,
        min(way) as one,
        max(way) as other
    from records
    group by tenant_id, kind, date_day, name, own_currency, own_amount_minor
    having min(way) < max(way)
)

select
    tenant_id,
    'the ' || kind || ' of tenant ' || tenant_id || ' have ' || count(*) || ' rows both from ' || one || ' and from '
    || other || ', which count twice. Let one of the two bring them' as message
from contents
group by tenant_id, kind, one, other
having count(*) > 1

-- Each object counts on the day of the balance entry that it names. The newest day is excluded, since the lists are
-- read one after another.
{%- set kinds = {
    'cash_received': ['charges', 'charge_id', 'own_captured_minor', 'charge_currency'],
    'cash_refunded': ['refunds', 'refund_id', 'own_amount_minor', 'refund_currency'],
    'payouts': ['payouts', 'payout_id', 'own_amount_minor', 'payout_currency']
} %}
with entries as (select * from {{ ref('int_cash') }}),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

cursors as (
    select
        tenant_id,
        source_account,
        min(loaded_until) as loaded_until
    from {{ source('takings', 'cursors') }}
    where source = 'stripe'
    group by tenant_id, source_account
),

{% for metric, (table, key, amount, currency) in kinds.items() %}
    {{ table }}_amounts as (
        select
            tenant_id,
            source_account,
            created_at,
            {{ key }} as source_id,
            {{ currency }} as own_currency,
            {{ amount }} as amount_minor,
            balance_transaction_id
        from {{ ref('stg_stripe__' ~ table) }}
        where balance_transaction_id is not null
        {%- if table != 'charges' %}
            union all
            select
                tenant_id,
                source_account,
                created_at,
                {{ key }},
                {{ currency }},
                -{{ amount }},
                failure_balance_transaction_id
            from {{ ref('stg_stripe__' ~ table) }}
            where failure_balance_transaction_id is not null
        {%- endif %}
    ),

    {{ table }}_compared as (
        select
            coalesce(entries.tenant_id, objects.tenant_id) as tenant_id,
            coalesce(entries.source_account, objects.source_account) as source_account,
            coalesce(entries.date_day, {{ local_day('objects.created_at', 'tenants.time_zone') }}) as date_day,
            '{{ metric }}' as metric,
            coalesce(entries.own_{{ metric }}_minor, 0) as ours_minor,
            coalesce(objects.amount_minor, 0) as theirs_minor
        from (
            select * from entries
            where own_{{ metric }}_minor <> 0
        ) as entries
        full join {{ table }}_amounts as objects using (tenant_id, source_account, balance_transaction_id)
        left join tenants on coalesce(entries.tenant_id, objects.tenant_id) = tenants.tenant_id
        where coalesce(entries.own_currency = objects.own_currency, true)
    ){{ ',' }}
{% endfor %}

compared as (
    {%- for _, (table, _, _, _) in kinds.items() %}
        select * from {{ table }}_compared
        {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    compared.tenant_id,
    'stripe' as source,
    compared.source_account,
    compared.date_day,
    compared.metric,
    sum(compared.ours_minor) as ours_minor,
    sum(compared.theirs_minor) as theirs_minor
from compared
inner join tenants using (tenant_id)
inner join cursors using (tenant_id, source_account)
where compared.date_day < {{ local_day('cursors.loaded_until', 'tenants.time_zone') }}
group by compared.tenant_id, compared.source_account, compared.date_day, compared.metric

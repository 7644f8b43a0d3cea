-- Stripe's own amounts beside our cash, by day: what charges say was captured, refunds say was paid back, payouts say
-- was sent, each on the day of the balance entry that it names, for objects in the balance's own currency. Entries
-- without their object and objects without their entry show as a difference. The newest day is left out: lists are read
-- one after another.
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
    group by all
),

{% for metric, (table, key, amount, currency) in kinds.items() %}
    {{ table }}_say as (
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

    {{ table }}_beside as (
        select
            coalesce(entries.tenant_id, said.tenant_id) as tenant_id,
            coalesce(entries.source_account, said.source_account) as source_account,
            coalesce(entries.date_day, {{ local_day('said.created_at', 'tenants.time_zone') }}) as date_day,
            '{{ metric }}' as metric,
            coalesce(entries.own_{{ metric }}_minor, 0) as ours_minor,
            coalesce(said.amount_minor, 0) as theirs_minor
        from (
            select * from entries
            where own_{{ metric }}_minor <> 0
        ) as entries
        full join {{ table }}_say as said using (tenant_id, source_account, balance_transaction_id)
        left join tenants on coalesce(entries.tenant_id, said.tenant_id) = tenants.tenant_id
        where coalesce(entries.own_currency = said.own_currency, true)
    ){{ ',' }}
{% endfor %}

compared as (
    {%- for _, (table, _, _, _) in kinds.items() %}
        select * from {{ table }}_beside
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
group by all

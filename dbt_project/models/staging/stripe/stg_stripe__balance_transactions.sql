-- Stripe does not mark test entries: they are excluded by the object that they belong to.
{%- set objects = {'charges': 'charge_id', 'payouts': 'payout_id', 'disputes': 'dispute_id'} %}
with entries as (select * from {{ source('stripe', 'balance_transactions') }}),

accounts as (
    select * from {{ ref('stg_takings__accounts') }}
    where source = 'stripe'
),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

currencies as (select * from {{ ref('currencies') }}),

entry_types as (select * from {{ ref('stripe_entry_types') }}),

tests as (
    {%- for table, key in objects.items() %}
        select
            tenant_id,
            source_account,
            {{ key }} as source_id
        from {{ source('stripe', table) }}
        where not livemode
        union all
    {%- endfor %}
    select
        refunds.tenant_id,
        refunds.source_account,
        refunds.refund_id
    from {{ source('stripe', 'refunds') }} as refunds
    inner join {{ source('stripe', 'charges') }} as charges using (tenant_id, source_account, charge_id)
    where not charges.livemode
)

select
    entries.tenant_id,
    accounts.source,
    entries.source_account,
    entries.balance_transaction_id,
    entries.created_at,
    {{ local_day('entries.created_at', 'tenants.time_zone') }} as date_day,
    {{ local_day('entries.available_on', 'tenants.time_zone') }} as available_day,
    entries.type as entry_type,
    entries.reporting_category,
    -- entries of disputes are adjustments by type: only their category identifies them
    case
        when entries.reporting_category in ('dispute', 'dispute_reversal') then 'disputes'
        else coalesce(entry_types.cash_column, 'cash_other')
    end as cash_column,
    entry_types.entry_type is not null as is_known_type,
    entries.source_id,
    entries.currency as own_currency,
    {{ stripe_minor_units('entries.currency', 'currencies.minor_units') }} as own_minor_units,
    entries.amount as own_amount_minor,
    entries.fee as own_fee_minor,
    entries.net as own_net_minor,
    entries.run_id,
    entries.landing_part
from entries
inner join accounts using (tenant_id, source_account)
inner join tenants using (tenant_id)
left join currencies on entries.currency = currencies.currency
left join entry_types on entries.type = entry_types.entry_type
left join tests using (tenant_id, source_account, source_id)
where tests.source_id is null

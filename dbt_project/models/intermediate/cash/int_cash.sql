{%- set outgoing = ['cash_refunded', 'disputes', 'payouts'] %}
{%- set parts = ['cash_received', 'cash_fees', 'cash_refunded', 'disputes', 'payouts', 'cash_other'] %}
with entries as (select * from {{ ref('stg_stripe__balance_transactions') }}),

objects as (
    select
        tenant_id,
        source_account,
        charge_id as source_id,
        charge_id
    from {{ ref('stg_stripe__charges') }}
    union all
    select
        tenant_id,
        source_account,
        refund_id as source_id,
        charge_id
    from {{ ref('stg_stripe__refunds') }}
    union all
    select
        tenant_id,
        source_account,
        dispute_id as source_id,
        charge_id
    from {{ ref('stg_stripe__disputes') }}
),

bridge as (select * from {{ ref('int_charge_orders') }}),

rates as (select * from {{ ref('int_finance_rates') }}),

split as (
    select
        entries.*,
        objects.charge_id,
        bridge.order_id,
        case when objects.charge_id is null then 'Account' else coalesce(bridge.channel, 'API / direct') end as channel,
        case when entries.cash_column = 'cash_received' then entries.own_amount_minor else 0 end as cash_received,
        entries.own_fee_minor
        - case when entries.cash_column = 'cash_fees' then entries.own_amount_minor else 0 end as cash_fees,
        {%- for part in outgoing %}
            case when entries.cash_column = '{{ part }}' then -entries.own_amount_minor else 0 end as {{ part }},
        {%- endfor %}
        case when entries.cash_column = 'cash_other' then entries.own_amount_minor else 0 end as cash_other
    from entries
    left join objects using (tenant_id, source_account, source_id)
    left join bridge
        on
            entries.tenant_id = bridge.tenant_id
            and entries.source_account = bridge.source_account
            and objects.charge_id = bridge.charge_id
)

select
    split.tenant_id,
    split.source,
    split.source_account,
    split.balance_transaction_id,
    split.date_day,
    split.available_day,
    split.entry_type,
    split.reporting_category,
    split.is_known_type,
    split.source_id,
    split.charge_id,
    split.order_id,
    split.channel,
    split.own_currency,
    split.own_minor_units,
    split.own_net_minor,
    {%- for part in parts %}
        split.{{ part }} as own_{{ part }}_minor,
    {%- endfor %}
    rates.currency,
    rates.minor_units,
    rates.rate,
    rates.rate_date,
    {%- for part in parts %}
        {{ convert('split.' ~ part, 'rates.factor') }} as {{ part }}_minor,
    {%- endfor %}
    split.run_id,
    split.landing_part
from split
left join rates
    on
        split.tenant_id = rates.tenant_id
        and split.own_currency = rates.own_currency
        and split.own_minor_units = rates.own_minor_units
        and split.date_day = rates.date_day

with charges as (select * from {{ source('stripe', 'charges') }}),

accounts as (
    select * from {{ ref('stg_takings__accounts') }}
    where source = 'stripe'
),

currencies as (select * from {{ ref('currencies') }})

select
    charges.tenant_id,
    accounts.source,
    charges.source_account,
    charges.charge_id,
    charges.created_at,
    charges.currency as charge_currency,
    {{ stripe_minor_units('charges.currency', 'currencies.minor_units') }} as charge_minor_units,
    charges.amount_captured as own_captured_minor,
    charges.status,
    charges.balance_transaction_id,
    charges.customer_id,
    nullif({{ trimmed(json_text(
        'charges.metadata', "'$.\"' || coalesce(accounts.order_metadata_key, 'order_id') || '\"'"
    )) }}, '') as named_order_id
from charges
inner join accounts using (tenant_id, source_account)
left join currencies on charges.currency = currencies.currency
where charges.livemode is distinct from false

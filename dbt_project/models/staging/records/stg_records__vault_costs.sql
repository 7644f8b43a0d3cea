{% set columns = [
    'row_hash',
    'occurrence',
    'day',
    'amount',
    'currency',
    'category',
    'vault_id',
    'niche',
    'product_name'
] %}

with records as (
    {{ records('vault_costs', columns) }}
),

accounts as (select * from {{ ref('stg_takings__accounts') }}),

currencies as (select * from {{ ref('currencies') }})

select
    records.tenant_id,
    records.source,
    records.source_account,
    records.file || ':' || records.row_hash || ':' || cast(records.occurrence as varchar) as row_id,
    records.day as cost_day,
    records.category,
    records.vault_id,
    records.niche,
    records.product_name,
    records.currency as own_currency,
    currencies.minor_units as own_minor_units,
    {{ to_minor('records.amount', 'currencies.minor_units') }} as own_amount_minor
from records
inner join accounts using (tenant_id, source, source_account)
left join currencies on records.currency = currencies.currency

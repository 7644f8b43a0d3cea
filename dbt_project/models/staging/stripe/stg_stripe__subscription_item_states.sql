with entries as (
    select
        tenant_id,
        source_account,
        subscription_id,
        seen_at,
        unnest(json_extract(items, '$[*]')) as entry
    from {{ source('stripe', 'subscriptions_history') }}
)

select
    tenant_id,
    source_account,
    subscription_id,
    seen_at,
    json_extract_string(entry, '$.item_id') as subscription_item_id,
    json_extract_string(entry, '$.price_id') as price_id,
    cast(json_extract_string(entry, '$.quantity') as bigint) as quantity,
    cast(json_extract_string(entry, '$.inclusive_tax_percent') as decimal(38, 12)) as inclusive_tax_percent
from entries

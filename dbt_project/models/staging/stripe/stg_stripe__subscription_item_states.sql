select
    history.tenant_id,
    history.source_account,
    history.subscription_id,
    history.seen_at,
    {{ json_text('elements.entry', "'$.item_id'") }} as subscription_item_id,
    {{ json_text('elements.entry', "'$.price_id'") }} as price_id,
    cast({{ json_text('elements.entry', "'$.quantity'") }} as bigint) as quantity,
    cast({{ json_text('elements.entry', "'$.inclusive_tax_percent'") }} as decimal(38, 12)) as inclusive_tax_percent
from {{ source('stripe', 'subscriptions_history') }} as history
{{ join_json_elements('history.items') }}

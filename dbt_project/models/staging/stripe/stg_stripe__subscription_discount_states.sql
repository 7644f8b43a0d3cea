select
    history.tenant_id,
    history.source_account,
    history.subscription_id,
    history.seen_at,
    elements.position,
    {{ json_text('elements.entry', "'$.item_id'") }} as subscription_item_id,
    {{ json_text('elements.entry', "'$.coupon_id'") }} as coupon_id,
    {{ instant_of_seconds(json_text('elements.entry', "'$.discount_start'")) }} as discount_start,
    {{ instant_of_seconds(json_text('elements.entry', "'$.discount_end'")) }} as discount_end
from {{ source('stripe', 'subscriptions_history') }} as history
{{ join_json_elements('history.discounts') }}

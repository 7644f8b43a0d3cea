with entries as (
    select
        tenant_id,
        source_account,
        subscription_id,
        seen_at,
        unnest(json_extract(discounts, '$[*]')) as entry,
        generate_subscripts(json_extract(discounts, '$[*]'), 1) as position
    from {{ source('stripe', 'subscriptions_history') }}
)

select
    tenant_id,
    source_account,
    subscription_id,
    seen_at,
    position,
    json_extract_string(entry, '$.item_id') as subscription_item_id,
    json_extract_string(entry, '$.coupon_id') as coupon_id,
    make_timestamp(cast(json_extract_string(entry, '$.discount_start') as bigint) * 1000000) as discount_start,
    make_timestamp(cast(json_extract_string(entry, '$.discount_end') as bigint) * 1000000) as discount_end
from entries

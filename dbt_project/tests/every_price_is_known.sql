-- Subscription items whose price is not in staging: they do not count in recurring revenue.
{{ config(severity='warn') }}
select distinct
    items.tenant_id,
    items.source_account,
    items.subscription_id,
    items.price_id
from {{ ref('int_subscription_items') }} as items
left join {{ ref('stg_stripe__prices') }} as prices using (tenant_id, source_account, price_id)
where prices.price_id is null

with subscriptions as (
    select * from {{ ref('int_subscriptions_monthly') }}
    where is_counting
),

states as (select * from {{ ref('stg_stripe__subscription_item_states') }}),

current_items as (select * from {{ source('stripe', 'subscription_items') }}),

-- one-off prices on a subscription's invoice are not items of the subscription
lines as (
    select lines.*
    from {{ ref('stg_stripe__invoice_lines') }} as lines
    inner join {{ ref('stg_stripe__prices') }} as prices using (tenant_id, source_account, price_id)
    where prices.is_recurring
),

ranked_lines as (
    select
        subscriptions.tenant_id,
        subscriptions.source_account,
        subscriptions.subscription_id,
        subscriptions.month,
        lines.subscription_item_id,
        lines.price_id,
        lines.quantity,
        lines.is_void,
        row_number() over (
            partition by
                subscriptions.tenant_id,
                subscriptions.source_account,
                subscriptions.subscription_id,
                subscriptions.month,
                lines.subscription_item_id
            order by
                lines.period_start desc nulls last,
                lines.created_at desc nulls last,
                lines.invoice_line_id desc nulls last
        ) as line_number
    from subscriptions
    inner join lines using (tenant_id, source_account, subscription_id)
    where
        subscriptions.is_estimated
        and lines.period_start < subscriptions.ends_at
        and lines.period_end >= subscriptions.ends_at
        and (not lines.is_proration or lines.own_amount_minor > 0)
),

billed as (
    select * from ranked_lines
    where line_number = 1
),

items as (
    select
        subscriptions.tenant_id,
        subscriptions.source_account,
        subscriptions.subscription_id,
        subscriptions.month,
        states.subscription_item_id,
        states.price_id,
        states.quantity,
        states.inclusive_tax_percent
    from subscriptions
    inner join states using (tenant_id, source_account, subscription_id, seen_at)
    where not subscriptions.is_estimated
    union all
    select
        billed.tenant_id,
        billed.source_account,
        billed.subscription_id,
        billed.month,
        billed.subscription_item_id,
        billed.price_id,
        billed.quantity,
        current_items.inclusive_tax_percent
    from billed
    left join current_items using (tenant_id, source_account, subscription_id, subscription_item_id)
    where not billed.is_void
    union all
    select
        subscriptions.tenant_id,
        subscriptions.source_account,
        subscriptions.subscription_id,
        subscriptions.month,
        current_items.subscription_item_id,
        current_items.price_id,
        current_items.quantity,
        current_items.inclusive_tax_percent
    from subscriptions
    inner join current_items using (tenant_id, source_account, subscription_id)
    left join billed using (tenant_id, source_account, subscription_id, month)
    where
        subscriptions.is_estimated
        and billed.subscription_id is null
        and current_items.created_at < subscriptions.ends_at
)

select
    items.*,
    subscriptions.source,
    subscriptions.rate_day,
    subscriptions.customer_id,
    subscriptions.customer_name,
    subscriptions.customer_email,
    subscriptions.own_currency,
    {{ stripe_minor_units('subscriptions.own_currency', 'currencies.minor_units') }} as own_minor_units
from items
inner join subscriptions using (tenant_id, source_account, subscription_id, month)
left join {{ ref('currencies') }} as currencies on subscriptions.own_currency = currencies.currency

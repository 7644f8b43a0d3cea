-- One row a subscription item that counts at a month's end: price, quantity, inclusive tax. From what was seen then;
-- before the first pull from the invoice line that was running: an upgrade's proration is newer than the period's own
-- line, a voided invoice is a pause, and without any line the item is taken as it is today.
with subscriptions as (
    select * from {{ ref('int_subscriptions_at') }}
    where is_counting
),

today as (select * from {{ source('stripe', 'subscription_items') }}),

-- a thing bought once on the subscription's invoice is none of its items
lines as (
    select lines.*
    from {{ ref('stg_stripe__invoice_lines') }} as lines
    inner join {{ ref('stg_stripe__prices') }} as prices using (tenant_id, source_account, price_id)
    where prices.is_recurring
),

seen as (
    select
        * exclude (items, discounts),
        unnest(from_json(items, '[{{ '{' }}"item_id": "VARCHAR", "price_id": "VARCHAR", "quantity": "BIGINT",
            "inclusive_tax_percent": "DECIMAL(38,12)"{{ '}' }}]')) as item
    from subscriptions
    where not is_estimated
),

billed as (
    select
        subscriptions.* exclude (items, discounts),
        lines.subscription_item_id,
        lines.price_id,
        lines.quantity,
        lines.is_void
    from subscriptions
    inner join lines using (tenant_id, source_account, subscription_id)
    where
        subscriptions.is_estimated
        and lines.period_start < subscriptions.ends_at
        and lines.period_end >= subscriptions.ends_at
        and (not lines.is_proration or lines.own_amount_minor > 0)
    qualify
        row_number() over (
            partition by
                subscriptions.tenant_id,
                subscriptions.source_account,
                subscriptions.subscription_id,
                subscriptions.month,
                lines.subscription_item_id
            order by lines.period_start desc, lines.created_at desc, lines.invoice_line_id desc
        ) = 1
),

unbilled as (
    select
        subscriptions.* exclude (items, discounts),
        today.subscription_item_id,
        today.price_id,
        today.quantity,
        today.inclusive_tax_percent
    from subscriptions
    inner join today using (tenant_id, source_account, subscription_id)
    anti join billed using (tenant_id, source_account, subscription_id, month)
    where subscriptions.is_estimated and today.created_at < subscriptions.ends_at
),

items as (
    select
        * exclude (item),
        item.item_id as subscription_item_id,
        item.price_id,
        item.quantity,
        item.inclusive_tax_percent
    from seen
    union all by name
    select
        billed.* exclude (is_void),
        today.inclusive_tax_percent
    from billed
    left join today using (tenant_id, source_account, subscription_id, subscription_item_id)
    where not billed.is_void
    union all by name
    select * from unbilled
)

select
    items.*,
    {{ stripe_minor_units('items.own_currency', 'currencies.minor_units') }} as own_minor_units
from items
left join {{ ref('currencies') }} as currencies on items.own_currency = currencies.currency

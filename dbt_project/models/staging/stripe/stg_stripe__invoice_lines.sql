with lines as (select * from {{ source('stripe', 'invoice_lines') }}),

invoices as (select * from {{ source('stripe', 'invoices') }}),

items as (
    select
        tenant_id,
        source_account,
        subscription_id,
        min(subscription_item_id) as only_item_id
    from {{ source('stripe', 'subscription_items') }}
    group by tenant_id, source_account, subscription_id
    having count(*) = 1
),

deletions as (
    select * from {{ source('stripe', 'deletions') }}
    where object_type = 'invoice' and restored_at is null
),

accounts as (
    select * from {{ ref('stg_takings__accounts') }}
    where source = 'stripe'
)

select
    lines.tenant_id,
    accounts.source,
    lines.source_account,
    lines.invoice_id,
    lines.invoice_line_id,
    invoices.created_at,
    invoices.status = 'void' as is_void,
    lines.subscription_id,
    coalesce(lines.subscription_item_id, items.only_item_id) as subscription_item_id,
    lines.price_id,
    lines.quantity,
    coalesce(lines.is_proration, false) as is_proration,
    lines.amount as own_amount_minor,
    lines.period_start,
    lines.period_end
from lines
inner join accounts using (tenant_id, source_account)
inner join invoices using (tenant_id, source_account, invoice_id)
left join items
    on
        lines.tenant_id = items.tenant_id
        and lines.source_account = items.source_account
        and lines.subscription_id = items.subscription_id
left join deletions
    on
        lines.tenant_id = deletions.tenant_id
        and lines.source_account = deletions.source_account
        and lines.invoice_id = deletions.object_id
where
    lines.subscription_id is not null
    and invoices.livemode is distinct from false
    and deletions.object_id is null

-- A refund row pays back the purchases of its visit, vault and product that the log flags as refunded, else the newest
-- one before it, else the first one.
with purchases as (
    select
        *,
        sum(case when is_flagged_as_refunded then 1 else 0 end) over (
            partition by tenant_id, visit_key, vault_id, product_name
        ) as flagged_purchases,
        min(logged_at) over (partition by tenant_id, visit_key) as visit_bought_first_at
    from {{ ref('int_event_log') }}
    where funnel_stage = 'purchase'
),

-- of several refund rows of one visit, vault and product, the first
refund_rows as (
    select
        *,
        row_number() over (
            partition by tenant_id, visit_key, vault_id, product_name order by logged_at, source, source_account, row_id
        ) as position
    from {{ ref('int_event_log') }}
    where funnel_stage = 'refund'
),

ranked as (
    select
        purchases.*,
        refund_rows.logged_at as refund_logged_at,
        refund_rows.date_day as refund_day,
        refund_rows.hour_of_day as refund_hour,
        refund_rows.own_amount_minor as logged_refund_minor,
        refund_rows.refund_reason as logged_reason,
        row_number() over (
            partition by purchases.tenant_id, purchases.visit_key, purchases.vault_id, purchases.product_name
            order by
                case when purchases.logged_at <= refund_rows.logged_at then 0 else 1 end asc,
                case when purchases.logged_at <= refund_rows.logged_at then purchases.logged_at end desc nulls last,
                purchases.logged_at asc,
                purchases.source asc,
                purchases.source_account asc,
                purchases.row_id asc
        ) as nearness
    from purchases
    left join refund_rows
        on
            purchases.tenant_id = refund_rows.tenant_id
            and purchases.visit_key = refund_rows.visit_key
            and purchases.vault_id = refund_rows.vault_id
            and purchases.product_name = refund_rows.product_name
            and refund_rows.position = 1
)

select
    tenant_id,
    source,
    source_account,
    row_id,
    logged_at,
    date_day,
    hour_of_day,
    visit_id,
    visit_key,
    {{ log_dimensions() }},
    case
        when visit_id is null then '(unknown)'
        when logged_at > visit_bought_first_at then 'repeat'
        else 'first_time'
    end as customer_type_computed,
    delivery_success,
    own_amount_minor,
    flagged_purchases,
    is_flagged_as_refunded
    or (flagged_purchases = 0 and refund_logged_at is not null and nearness = 1) as is_refunded,
    refund_logged_at,
    refund_day,
    refund_hour,
    logged_refund_minor,
    coalesce(logged_reason, refund_reason, '(none given)') as refund_reason
from ranked

-- A visit's product of a vault is refunded once, whether its purchase says so, a row of stage refund, or both.
with purchases as (select * from {{ ref('int_vault_purchases') }}),

refunded as (
    select
        *,
        cast(sum(own_amount_minor) over (
            partition by tenant_id, visit_key, vault_id, product_name
        ) as bigint) as purchased_minor,
        row_number() over (
            partition by tenant_id, visit_key, vault_id, product_name
            order by logged_at desc nulls last, source asc, source_account asc, row_id asc
        ) as position
    from purchases
    where is_refunded
),

bought as (
    select distinct
        tenant_id,
        visit_key,
        vault_id,
        product_name
    from purchases
),

without_purchase as (
    select
        log.*,
        row_number() over (
            partition by log.tenant_id, log.visit_key, log.vault_id, log.product_name
            order by log.logged_at, log.source, log.source_account, log.row_id
        ) as position
    from {{ ref('int_event_log') }} as log
    left join bought
        on
            log.tenant_id = bought.tenant_id
            and log.visit_key = bought.visit_key
            and log.vault_id = bought.vault_id
            and log.product_name = bought.product_name
    where log.funnel_stage = 'refund' and bought.tenant_id is null
)

select
    tenant_id,
    source,
    source_account,
    row_id,
    coalesce(refund_logged_at, logged_at) as refunded_at,
    coalesce(refund_day, date_day) as date_day,
    coalesce(refund_hour, hour_of_day) as hour_of_day,
    visit_id,
    {{ log_dimensions() }},
    refund_reason,
    true as has_purchase,
    refund_logged_at is not null as is_date_known,
    date_day as sale_day,
    case
        when flagged_purchases <= 1 then coalesce(nullif(logged_refund_minor, 0), purchased_minor)
        else purchased_minor
    end as own_amount_minor,
    purchased_minor as own_purchased_minor
from refunded
where position = 1
union all
select
    tenant_id,
    source,
    source_account,
    row_id,
    logged_at as refunded_at,
    date_day,
    hour_of_day,
    visit_id,
    {{ log_dimensions() }},
    coalesce(refund_reason, '(none given)') as refund_reason,
    false as has_purchase,
    true as is_date_known,
    cast(null as date) as sale_day,
    own_amount_minor,
    cast(null as bigint) as own_purchased_minor
from without_purchase
where position = 1

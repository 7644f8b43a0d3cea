-- A visit that reached a step counts in all steps before it, so no step is larger than the one before. A refund counts
-- on the day of the visit. A refund whose purchase is not in the log belongs to no visit.
with log as (select * from {{ ref('int_event_log') }}),

refunded as (
    select
        tenant_id,
        visit_key,
        vault_id,
        max(case when is_refunded then 1 else 0 end) as is_refunded
    from {{ ref('int_vault_purchases') }}
    group by tenant_id, visit_key, vault_id
),

visits as (
    select
        tenant_id,
        visit_key,
        vault_id,
        min(niche) as niche,
        min(date_day) as date_day,
        max(case when funnel_stage in ('cart', 'purchase') then 1 else 0 end) as has_cart,
        max(case when funnel_stage = 'purchase' then 1 else 0 end) as has_purchase
    from log
    where funnel_stage in ('visit', 'cart', 'purchase')
    group by tenant_id, visit_key, vault_id
),

days as (
    select
        visits.tenant_id,
        visits.vault_id,
        visits.niche,
        visits.date_day,
        count(*) as visits,
        sum(visits.has_cart) as carts,
        sum(visits.has_purchase) as purchases,
        sum(coalesce(refunded.is_refunded, 0)) as refunds
    from visits
    left join refunded
        on
            visits.tenant_id = refunded.tenant_id
            and visits.visit_key = refunded.visit_key
            and visits.vault_id = refunded.vault_id
    group by visits.tenant_id, visits.vault_id, visits.niche, visits.date_day
),

steps as (
    select
        tenant_id,
        vault_id,
        niche,
        date_day,
        1 as step_number,
        'Visit' as step,
        visits as step_count,
        cast(null as bigint) as previous_count
    from days
    union all
    select
        tenant_id,
        vault_id,
        niche,
        date_day,
        2 as step_number,
        'Cart' as step,
        carts as step_count,
        visits as previous_count
    from days
    union all
    select
        tenant_id,
        vault_id,
        niche,
        date_day,
        3 as step_number,
        'Purchase' as step,
        purchases as step_count,
        carts as previous_count
    from days
    union all
    select
        tenant_id,
        vault_id,
        niche,
        date_day,
        4 as step_number,
        'Refund' as step,
        refunds as step_count,
        purchases as previous_count
    from days
)

select
    tenant_id,
    vault_id,
    niche,
    date_day,
    step_number,
    step,
    cast(step_count as bigint) as step_count,
    cast(previous_count as bigint) as previous_count,
    cast(case when step_number = 1 then step_count else 0 end as bigint) as visits,
    cast(case when step_number = 3 then step_count else 0 end as bigint) as conversions
from steps

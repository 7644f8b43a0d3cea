-- Days on which direct revenue is not what the bridge's charges without an order took.
with days as (
    select
        tenant_id,
        sum(direct_revenue_minor) as by_day
    from {{ ref('metrics_daily') }}
    group by all
),

charges as (
    select
        tenant_id,
        sum(charged_minor) as by_charge
    from {{ ref('order_charges') }}
    where order_id is null
    group by all
),

loose as (
    select
        tenant_id,
        sum(cash_received_minor) as without_charge
    from {{ ref('cash') }}
    where charge_id is null
    group by all
)

select
    days.tenant_id,
    days.by_day,
    charges.by_charge
from days
left join charges using (tenant_id)
left join loose using (tenant_id)
where days.by_day <> coalesce(charges.by_charge, 0) + coalesce(loose.without_charge, 0)

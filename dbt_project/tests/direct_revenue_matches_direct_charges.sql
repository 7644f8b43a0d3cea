-- Tenants whose direct revenue is not the amount of their charges without an order.
with days as (
    select
        tenant_id,
        sum(direct_revenue_minor) as by_day
    from {{ ref('metrics_daily') }}
    group by tenant_id
),

charges as (
    select
        tenant_id,
        sum(charged_minor) as by_charge
    from {{ ref('order_charges') }}
    where order_id is null
    group by tenant_id
),

other_entries as (
    select
        tenant_id,
        sum(cash_received_minor) as without_charge
    from {{ ref('cash') }}
    where charge_id is null
    group by tenant_id
)

select
    days.tenant_id,
    days.by_day,
    charges.by_charge
from days
left join charges using (tenant_id)
left join other_entries using (tenant_id)
where days.by_day <> coalesce(charges.by_charge, 0) + coalesce(other_entries.without_charge, 0)

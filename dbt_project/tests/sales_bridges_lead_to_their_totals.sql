-- Days on which the steps of a bridge do not add up to the revenue that it leads to.
with bridges as (
    select
        tenant_id,
        bridge,
        date_day,
        sum(amount_minor) as amount_minor
    from {{ ref('sales_bridge') }}
    group by tenant_id, bridge, date_day
),

sales as (
    select
        tenant_id,
        'total_sales' as bridge,
        date_day,
        sum(total_sales_minor) as amount_minor
    from {{ ref('metrics_daily') }}
    group by tenant_id, date_day
    union all
    select
        tenant_id,
        'net_sales' as bridge,
        date_day,
        sum(net_sales_minor) as amount_minor
    from {{ ref('metrics_daily') }}
    group by tenant_id, date_day
)

select
    tenant_id,
    bridge,
    date_day,
    sales.amount_minor,
    bridges.amount_minor as bridge_minor
from sales
full join bridges using (tenant_id, bridge, date_day)
where coalesce(sales.amount_minor, 0) <> coalesce(bridges.amount_minor, 0)

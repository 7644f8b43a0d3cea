-- Days and channels on which sales with a recorded, an assumed and a missing cost are not all net sales.
select
    tenant_id,
    channel,
    date_day,
    net_sales_minor,
    sales_cost_recorded_minor,
    sales_cost_assumed_minor,
    sales_cost_missing_minor
from {{ ref('metrics_daily') }}
where
    source = 'shopify'
    and net_sales_minor <> sales_cost_recorded_minor + sales_cost_assumed_minor + sales_cost_missing_minor

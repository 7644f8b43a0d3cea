-- Days and channels whose sales with recorded, assumed and missing cost do not add up to net sales.
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

-- Publishing fills the rows through the semantic layer (semantic/digest).
-- depends_on: {{ ref('metrics_daily') }}
select
    cast(null as varchar) as tenant_id,
    cast(null as varchar) as period,
    cast(null as varchar) as comparison,
    cast(null as date) as date_day,
    cast(null as varchar) as currency,
    cast(null as integer) as minor_units,
    cast(null as bigint) as net_sales_minor,
    cast(null as bigint) as so_far_minor,
    cast(null as bigint) as previous_minor
where 1 = 0

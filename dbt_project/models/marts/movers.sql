-- Publishing fills the rows through the semantic layer (semantic/digest).
-- depends_on: {{ ref('product_daily') }}
-- depends_on: {{ ref('metrics_daily') }}
-- depends_on: {{ ref('sales_detail') }}
-- depends_on: {{ ref('spend') }}
select
    cast(null as varchar) as tenant_id,
    cast(null as varchar) as period,
    cast(null as varchar) as comparison,
    cast(null as integer) as period_position,
    cast(null as varchar) as kind,
    cast(null as varchar) as name,
    cast(null as integer) as position,
    cast(null as varchar) as metric,
    cast(null as decimal(38, 6)) as value,
    cast(null as decimal(38, 6)) as previous,
    cast(null as decimal(38, 6)) as difference,
    cast(null as varchar) as value_text,
    cast(null as varchar) as previous_text,
    cast(null as varchar) as difference_text
where 1 = 0

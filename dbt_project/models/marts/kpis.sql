-- Publishing fills the rows through the semantic layer (semantic/digest).
-- depends_on: {{ ref('metrics_daily') }}
-- depends_on: {{ ref('revenue') }}
-- depends_on: {{ ref('orders') }}
select
    cast(null as varchar) as tenant_id,
    cast(null as varchar) as period,
    cast(null as varchar) as comparison,
    cast(null as integer) as period_position,
    cast(null as varchar) as metric,
    cast(null as varchar) as label,
    cast(null as integer) as position,
    cast(null as varchar) as unit,
    cast(null as date) as first_day,
    cast(null as date) as last_day,
    cast(null as date) as previous_first_day,
    cast(null as date) as previous_last_day,
    cast(null as decimal(38, 6)) as value,
    cast(null as decimal(38, 6)) as previous,
    cast(null as decimal(38, 6)) as difference,
    cast(null as varchar) as good_direction,
    cast(null as varchar) as tone,
    cast(null as varchar) as value_text,
    cast(null as varchar) as previous_text,
    cast(null as varchar) as change_text,
    cast(null as varchar) as good_text,
    cast(null as varchar) as bad_text,
    cast(null as varchar) as neutral_text
where 1 = 0

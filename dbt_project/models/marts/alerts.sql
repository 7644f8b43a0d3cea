-- Publishing fills the rows: the alert rules over this build.
-- depends_on: {{ ref('metrics_daily') }}
select
    cast(null as varchar) as tenant_id,
    cast(null as integer) as position,
    cast(null as varchar) as rule,
    cast(null as varchar) as title,
    cast(null as varchar) as numbers,
    cast(null as varchar) as advice
where 1 = 0

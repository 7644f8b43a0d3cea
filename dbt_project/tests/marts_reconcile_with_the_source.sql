-- Days on which a total of the marts differs from the source's own report. A warning: the report can lag behind.
{{ config(severity='warn', meta={'text': 'message'}) }}
with differences as (
    select
        *,
        count(*) over metric_days as days,
        min(date_day) over metric_days as first_day,
        max(date_day) over metric_days as last_day,
        sum(difference_minor) over metric_days as difference,
        sum(theirs_minor) over metric_days as theirs
    from {{ ref('reconciliation') }}
    where difference_minor <> 0
    window metric_days as (partition by tenant_id, source, source_account, metric)
)

select
    tenant_id,
    source_account,
    date_day,
    metric,
    ours_minor,
    theirs_minor,
    difference_minor,
    source || ' account ' || source_account || ' of tenant ' || tenant_id || ', ' || first_day || ' to ' || last_day
    || ': ' || metric || ' differs from the source''s own report on ' || days || ' days'
    || coalesce(
        ', by ' || cast(cast(difference * 100.0 / nullif(theirs, 0) as decimal(12, 2)) as varchar) || ' %', ''
    )
    || '. The report can lag behind: run again later. If it stays, compare these days with the source, and backfill '
    || 'them in Dagster' as message
from differences

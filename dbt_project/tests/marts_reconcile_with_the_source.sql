-- Days on which a total of the marts differs from the source's own report. A warning: the report can lag behind.
{{ config(severity='warn') }}
select
    tenant_id,
    source_account,
    date_day,
    metric,
    ours_minor,
    theirs_minor,
    difference_minor
from {{ ref('reconciliation') }}
where difference_minor <> 0

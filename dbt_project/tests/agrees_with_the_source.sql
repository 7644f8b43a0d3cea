-- Days on which our total sales differ from Shopify's own report. A warning: the report lags behind at times.
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

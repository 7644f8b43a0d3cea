-- Publishing adds the alert rules that fire (semantic/digest).
-- depends_on: {{ ref('metrics_daily') }}
select
    tenant_id,
    first_day,
    last_day,
    kind,
    title
from {{ ref('stg_files__annotations') }}

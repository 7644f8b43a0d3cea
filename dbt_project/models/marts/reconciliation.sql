with compared as (
    {%- for source in ['shopify', 'ads', 'stripe'] %}
        select * from {{ ref('int_reconciliation_' ~ source) }}
        {{ 'union all by name' if not loop.last }}
    {%- endfor %}
)

select
    tenant_id,
    source,
    source_account,
    date_day,
    metric,
    cast(ours_minor as bigint) as ours_minor,
    cast(theirs_minor as bigint) as theirs_minor,
    cast(ours_minor - theirs_minor as bigint) as difference_minor
from compared

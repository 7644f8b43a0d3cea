with compared as (
    {{ union_of(
        [
            ref('int_reconciliation_shopify'), ref('int_reconciliation_ads'), ref('int_reconciliation_stripe')
        ],
        ['tenant_id', 'source', 'source_account', 'date_day', 'metric', 'ours_minor', 'theirs_minor']
    ) }}
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

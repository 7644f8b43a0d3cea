-- Lines of annotations.csv that could not be read, with their place. A warning: no number depends on them.
{{ config(severity='warn') }}
select
    rejects.tenant_id,
    rejects.source_account,
    rejects.row_key,
    rejects.reason,
    rejects.landing_part
from {{ source('takings', 'rejects') }} as rejects
inner join {{ ref('stg_takings__accounts') }} using (tenant_id, source, source_account)
where rejects.source = 'files' and rejects.table_name = 'annotations'

with annotations as (select * from {{ source('files', 'annotations') }}),

accounts as (
    select * from {{ ref('stg_takings__accounts') }}
    where source = 'files'
)

select
    annotations.tenant_id,
    annotations.day as first_day,
    max(coalesce(annotations.until, annotations.day)) as last_day,
    annotations.kind,
    annotations.title
from annotations
inner join accounts using (tenant_id, source_account)
group by
    annotations.tenant_id,
    annotations.day,
    annotations.kind,
    annotations.title

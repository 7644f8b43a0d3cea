with annotations as (
    {{ sheet_rows('annotations', ['day', 'until', 'kind', 'title']) }}
),

accounts as (select * from {{ ref('stg_takings__accounts') }})

select
    annotations.tenant_id,
    annotations.day as first_day,
    max(coalesce(annotations.until, annotations.day)) as last_day,
    annotations.kind,
    annotations.title
from annotations
inner join accounts using (tenant_id, source, source_account)
group by
    annotations.tenant_id,
    annotations.day,
    annotations.kind,
    annotations.title

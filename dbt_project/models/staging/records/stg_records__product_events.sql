{% set columns = [
    'event_id',
    'occurred_at',
    'occurred_at_text',
    'event_type',
    'product_id',
    'product_name',
    'session_id',
    'message_id',
    'customer_id',
    'visitor_id',
    'visit_id',
    'position'
] %}

with records as (
    {{ records('product_events', columns) }}
),

accounts as (select * from {{ ref('stg_takings__accounts') }}),

versions as (
    select
        records.*,
        row_number() over (
            partition by records.tenant_id, records.event_id
            order by
                records.source asc,
                records.source_account asc,
                records.file desc
        ) as version_number
    from records
    inner join accounts using (tenant_id, source, source_account)
)

select
    tenant_id,
    source,
    source_account,
    {{ columns | join(', ') }}
from versions
where version_number = 1

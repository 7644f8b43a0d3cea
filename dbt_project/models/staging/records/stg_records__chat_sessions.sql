{% set columns = [
    'session_id',
    'started_at',
    'started_at_text',
    'ended_at',
    'updated_at',
    'customer_id',
    'visitor_id',
    'visit_id',
    'variant',
    'language',
    'satisfaction',
    'reported_cost_micros'
] %}

with records as (
    {{ records('chat_sessions', columns) }}
),

accounts as (select * from {{ ref('stg_takings__accounts') }}),

versions as (
    select
        records.*,
        row_number() over (
            partition by records.tenant_id, records.session_id
            order by
                records.updated_at desc nulls last,
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

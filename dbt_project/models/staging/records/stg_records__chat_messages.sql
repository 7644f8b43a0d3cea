{% set columns = [
    'message_id',
    'session_id',
    'created_at',
    'created_at_text',
    'updated_at',
    'role',
    'model',
    'input_tokens',
    'cached_tokens',
    'output_tokens',
    'reasoning_tokens',
    'embedding_model',
    'embedding_tokens',
    'latency_ms',
    'text',
    'text_length',
    'reported_cost_micros'
] %}

with records as (
    {{ records('chat_messages', columns) }}
),

accounts as (select * from {{ ref('stg_takings__accounts') }}),

versions as (
    select
        records.*,
        row_number() over (
            partition by records.tenant_id, records.message_id
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

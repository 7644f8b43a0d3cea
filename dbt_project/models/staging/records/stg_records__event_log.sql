{% set columns = [
    'row_hash',
    'occurrence',
    'vault_id',
    'niche',
    'product_name',
    'ai_prompt_version',
    'ai_style',
    'ai_generation_success',
    'ai_latency_micros',
    'ai_version',
    'sale_datetime',
    'sale_datetime_text',
    'sale_amount',
    'refund',
    'refund_reason',
    'language',
    'country',
    'customer_type',
    'delivery_success',
    'funnel_stage',
    'visit_id'
] %}

with records as (
    {{ records('event_log', columns) }}
),

accounts as (select * from {{ ref('stg_takings__accounts') }})

select
    records.tenant_id,
    records.source,
    records.source_account,
    records.file,
    records.file || ':' || records.row_hash || ':' || cast(records.occurrence as varchar) as row_id,
    records.{{ columns | join(', records.') }}
from records
inner join accounts using (tenant_id, source, source_account)

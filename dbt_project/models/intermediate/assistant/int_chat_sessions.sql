-- A session that only its messages know begins with its first message: a tracker may send messages alone.
with sessions as (select * from {{ ref('stg_records__chat_sessions') }}),

messages as (
    select
        tenant_id,
        session_id,
        min(source) as source,
        min(source_account) as source_account,
        min(created_at) as first_message_at,
        max(created_at) as last_message_at
    from {{ ref('int_message_costs') }}
    group by tenant_id, session_id
),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

joined as (
    select
        coalesce(sessions.tenant_id, messages.tenant_id) as tenant_id,
        coalesce(sessions.session_id, messages.session_id) as session_id,
        coalesce(sessions.source, messages.source) as source,
        coalesce(sessions.source_account, messages.source_account) as source_account,
        coalesce(sessions.started_at, messages.first_message_at) as started_at,
        coalesce(sessions.ended_at, messages.last_message_at) as ended_at,
        messages.last_message_at,
        {{ shopify_id("nullif(trim(sessions.customer_id), '')") }} as customer_id,
        nullif(trim(sessions.visitor_id), '') as visitor_id,
        nullif(trim(sessions.visit_id), '') as visit_id,
        nullif(trim(sessions.variant), '') as variant,
        nullif(trim(sessions.language), '') as language,
        sessions.satisfaction,
        sessions.reported_cost_micros
    from sessions
    full join messages on sessions.tenant_id = messages.tenant_id and sessions.session_id = messages.session_id
)

select
    joined.tenant_id,
    joined.source,
    joined.source_account,
    joined.session_id,
    {{ local_day('joined.started_at', 'tenants.time_zone') }} as date_day,
    joined.started_at,
    case when joined.ended_at < joined.started_at then joined.started_at else joined.ended_at end as ended_at,
    joined.last_message_at,
    joined.customer_id,
    joined.visitor_id,
    joined.visit_id,
    coalesce(joined.variant, '(none)') as variant,
    joined.language,
    joined.satisfaction,
    joined.reported_cost_micros,
    tenants.currency,
    tenants.minor_units
from joined
inner join tenants on joined.tenant_id = tenants.tenant_id

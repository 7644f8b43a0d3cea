with events as (select * from {{ source('files', 'events') }}),

accounts as (
    select * from {{ ref('stg_takings__accounts') }}
    where source = 'files'
),

tenants as (select * from {{ ref('stg_takings__tenants') }})

select
    events.tenant_id,
    'files' as source,
    events.source_account,
    events.event_id,
    events.occurred_at,
    {{ local_day('events.occurred_at', 'tenants.time_zone') }} as date_day,
    events.event_name,
    nullif(trim(events.session_id), '') as session_id,
    nullif(trim(events.user_id), '') as user_id,
    nullif(trim(events.anonymous_id), '') as anonymous_id,
    coalesce(nullif(trim(events.user_id), ''), nullif(trim(events.anonymous_id), '')) as user_key,
    nullif(trim(events.order_id), '') as order_id,
    events.feature,
    events.endpoint,
    events.status_code,
    events.utm_source,
    events.utm_medium,
    events.utm_campaign,
    events.run_id,
    events.landing_part
from events
inner join accounts using (tenant_id, source_account)
inner join tenants using (tenant_id)
qualify
    row_number() over (
        partition by events.tenant_id, events.event_id order by events.received_at desc, events.source_account asc
    ) = 1

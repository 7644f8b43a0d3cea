-- Events of a folder and of the collector are one log of a tenant: what a page sent and what the shop's server wrote
-- into files can be parts of one visit, by one person. So rows of the collector carry the tenant's folder as their
-- account where there is one, else its first collector; landing_part says what brought a row.
with accounts as (select * from {{ ref('stg_takings__accounts') }}),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

logs as (
    select
        tenant_id,
        min(case when source = 'files' then source_account end) as folder,
        min(case when source = 'collector' then source_account end) as collector
    from accounts
    where source in ('files', 'collector')
    group by tenant_id
),

events as (
    {% for source_name in ['files', 'collector'] %}
        select
            tenant_id,
            '{{ source_name }}' as source,
            source_account,
            event_id,
            occurred_at,
            received_at,
            event_name,
            session_id,
            user_id,
            anonymous_id,
            order_id,
            feature,
            endpoint,
            status_code,
            utm_source,
            utm_medium,
            utm_campaign,
            run_id,
            landing_part
        from {{ source(source_name, 'events') }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

versions as (
    select
        events.*,
        tenants.time_zone,
        coalesce(logs.folder, logs.collector) as log_account,
        logs.folder is not null as has_folder,
        row_number() over (
            partition by events.tenant_id, events.event_id
            order by events.received_at desc nulls last, events.source asc, events.source_account asc
        ) as version_number
    from events
    inner join accounts using (tenant_id, source, source_account)
    inner join tenants using (tenant_id)
    inner join logs using (tenant_id)
)

select
    tenant_id,
    case when has_folder then 'files' else 'collector' end as source,
    case when source = 'files' then source_account else log_account end as source_account,
    event_id,
    occurred_at,
    {{ local_day('occurred_at', 'time_zone') }} as date_day,
    event_name,
    nullif(trim(session_id), '') as session_id,
    nullif(trim(user_id), '') as user_id,
    nullif(trim(anonymous_id), '') as anonymous_id,
    coalesce(nullif(trim(user_id), ''), nullif(trim(anonymous_id), '')) as user_key,
    nullif(trim(order_id), '') as order_id,
    feature,
    endpoint,
    status_code,
    utm_source,
    utm_medium,
    utm_campaign,
    run_id,
    landing_part
from versions
where version_number = 1

-- Events of a folder, the collector and a database are one log of a tenant: what a page sent and what the shop wrote
-- can be parts of one visit, by one person. So rows carry the tenant's folder as their account where there is one, else
-- its first collector, else its first database; landing_part says what brought a row.
with accounts as (select * from {{ ref('stg_takings__accounts') }}),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

logs as (
    select
        tenant_id,
        min(case when source = 'files' then source_account end) as folder,
        min(case when source = 'collector' then source_account end) as collector,
        min(case when source = 'postgres' then source_account end) as own_database
    from accounts
    where source in ('files', 'collector', 'postgres')
    group by tenant_id
),

events as (
    {% for source_name in ['files', 'collector', 'postgres'] %}
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
        where {{ 'not is_deleted' if source_name == 'postgres' else 'true' }}
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

repeated as (
    select
        tenant_id,
        event_id
    from events
    group by tenant_id, event_id
    having count(*) > 1
),

-- Few events came twice, and only these are put in order: it is the dearest step.
versions as (
    select
        events.tenant_id,
        events.source,
        events.source_account,
        events.event_id,
        row_number() over (
            partition by events.tenant_id, events.event_id
            order by events.received_at desc nulls last, events.source asc, events.source_account asc
        ) as version_number
    from events
    inner join repeated using (tenant_id, event_id)
    inner join accounts using (tenant_id, source, source_account)
),

earlier_versions as (
    select
        tenant_id,
        source,
        source_account,
        event_id,
        true as is_earlier
    from versions
    where version_number > 1
)

select
    events.tenant_id,
    case
        when logs.folder is not null then 'files'
        when logs.collector is not null then 'collector'
        else 'postgres'
    end as source,
    case
        when events.source = 'files' then events.source_account
        else coalesce(logs.folder, logs.collector, logs.own_database)
    end as source_account,
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
inner join accounts using (tenant_id, source, source_account)
inner join tenants using (tenant_id)
inner join logs using (tenant_id)
left join earlier_versions using (tenant_id, source, source_account, event_id)
where earlier_versions.is_earlier is null

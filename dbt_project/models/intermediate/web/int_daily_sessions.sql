{%- set app_measures = ['api_calls', 'api_errors', 'feature_uses'] %}
{%- set measures = session_measure_names() + ['user_days'] + app_measures %}
with visits as (
    select
        tenant_id,
        source,
        date_day,
        {{ session_measures() }}
    from {{ ref('sessions') }}
    group by tenant_id, source, date_day
),

users as (
    select
        tenant_id,
        source,
        date_day,
        count(distinct user_id) as user_days
    from {{ ref('events') }}
    where user_id is not null
    group by tenant_id, source, date_day
),

tenants_with_events as (select distinct tenant_id from visits),

-- visits as the shop reports them count where a tenant has no events
shop as (
    select reported.*
    from {{ ref('int_shop_sessions') }} as reported
    left join tenants_with_events using (tenant_id)
    where tenants_with_events.tenant_id is null
),

app as (
    select
        tenant_id,
        source,
        date_day,
        count(*) filter (where event_name = 'api_call') as api_calls,
        count(*) filter (where event_name = 'api_call' and status_code >= 500) as api_errors,
        count(*) filter (where event_name = 'feature_used') as feature_uses
    from {{ ref('events') }}
    where event_name in ('api_call', 'feature_used')
    group by tenant_id, source, date_day
),

days as (
    {%- for relation, present in {
        'visits': session_measure_names(),
        'shop': session_measure_names(),
        'users': ['user_days'],
        'app': app_measures,
    }.items() %}
        select
            tenant_id,
            source,
            date_day,
            {{ present_or_null(measures, present) }}
        from {{ relation }}
        {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    tenant_id,
    source,
    'Online store' as channel,
    date_day,
{%- for name in measures %}
    coalesce(sum({{ name }}), 0) as {{ name }}{{ ',' if not loop.last }}
{%- endfor %}
from days
group by tenant_id, source, date_day

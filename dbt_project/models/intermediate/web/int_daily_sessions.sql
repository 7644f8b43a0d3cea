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
    select * from visits
    union all by name
    select shop.*
    from {{ ref('int_shop_sessions') }} as shop
    anti join tenants_with_events using (tenant_id)
    union all by name
    select * from users
    union all by name
    select * from app
)

select
    tenant_id,
    source,
    'Online store' as channel,
    date_day,
{%- for name in session_measure_names() + ['user_days', 'api_calls', 'api_errors', 'feature_uses'] %}
    coalesce(sum({{ name }}), 0) as {{ name }}{{ ',' if not loop.last }}
{%- endfor %}
from days
group by tenant_id, source, date_day

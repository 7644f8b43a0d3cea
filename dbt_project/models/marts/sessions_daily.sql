-- Visits are counted once: from events where a tenant has any, else from Shopify's report.
with sessions as (select * from {{ ref('sessions') }}),

tenants_with_events as (select distinct tenant_id from sessions),

days as (
    select
        tenant_id,
        source,
        date_day,
        traffic_source,
        true as is_counted,
        {{ session_measures() }}
    from sessions
    group by tenant_id, source, date_day, traffic_source
    union all
    select
        tenant_id,
        shop.source,
        shop.date_day,
        'not reported' as traffic_source,
        tenants_with_events.tenant_id is null as is_counted,
        shop.{{ session_measure_names() | join(', shop.') }}
    from {{ ref('int_shop_sessions') }} as shop
    left join tenants_with_events using (tenant_id)
)

select
    tenant_id,
    source,
    date_day,
    traffic_source,
    is_counted,
    {%- for name in session_measure_names() %}
        cast({{ name }} as bigint) as {{ name }},
    {%- endfor %}
    cast(case when is_counted then sessions else 0 end as bigint) as counted_sessions,
    cast(case when is_counted then sessions_ordered else 0 end as bigint) as counted_sessions_ordered
from days

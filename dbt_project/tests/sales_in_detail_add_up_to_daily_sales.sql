-- Days and channels whose sales by order and product are not those of metrics_daily.
{%- set measures = ['units_sold', 'gross_sales_minor', 'discounts_minor', 'returns_minor', 'net_sales_minor'] %}
with days as (
    select
        tenant_id,
        date_day,
        channel,
    {%- for measure in measures %}
        sum({{ measure }}) as {{ measure }}{{ ',' if not loop.last }}
    {%- endfor %}
    from {{ ref('metrics_daily') }}
    group by tenant_id, date_day, channel
),

details as (
    select
        tenant_id,
        date_day,
        channel,
    {%- for measure in measures %}
        sum({{ measure }}) as {{ measure }}{{ ',' if not loop.last }}
    {%- endfor %}
    from {{ ref('sales_detail') }}
    group by tenant_id, date_day, channel
)

select
    coalesce(days.tenant_id, details.tenant_id) as tenant_id,
    coalesce(days.date_day, details.date_day) as date_day,
    coalesce(days.channel, details.channel) as channel,
    days.net_sales_minor as by_day,
    details.net_sales_minor as in_detail
from days
full join details
    on
        days.tenant_id = details.tenant_id
        and days.date_day = details.date_day
        and days.channel = details.channel
where
    1 = 0
    {%- for measure in measures %}
        or coalesce(days.{{ measure }}, 0) <> coalesce(details.{{ measure }}, 0)
    {%- endfor %}

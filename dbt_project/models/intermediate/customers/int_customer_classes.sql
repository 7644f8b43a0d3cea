-- What similar customers brought in during the last year: those who a year ago had as many orders, the newest as long
-- ago.
{%- set similar_at_least = 30 %}
with totals as (
    select * from {{ ref('int_customer_totals') }}
    where past_orders > 0
),

today as (select * from {{ ref('int_today') }}),

past as (
    select
        totals.tenant_id,
        totals.following_net_revenue_minor,
        {{ orders_class('totals.past_orders') }} as orders_class,
        {{ recency_class('totals.past_last_day', '(today.today - 365)') }} as recency_class
    from totals
    inner join today using (tenant_id)
),

sums as (
    select
        tenant_id,
        orders_class,
        recency_class,
        count(*) as customers,
        sum(following_net_revenue_minor) as net_revenue_minor
    from past
    group by tenant_id, orders_class, recency_class
)

select
    tenant_id,
    orders_class,
    recency_class,
    customers,
    case
        when customers >= {{ similar_at_least }}
            then cast({{ divide('net_revenue_minor', 'customers') }} as bigint)
    end as next_year_minor
from sums

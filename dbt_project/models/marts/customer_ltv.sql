-- The next year of a customer is what similar customers brought in during the last one: those who a year ago had as
-- many orders (1, 2, 3 or more), the newest as long ago (up to 90, 180, 365 days, or longer).
{%- set similar_at_least = 30 %}
with totals as (select * from {{ ref('int_customer_totals') }}),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

today as (select * from {{ ref('int_today') }}),

customers as (select * from {{ ref('customers') }}),

first_days as (
    select
        tenant_id,
        min(date_day) as first_day
    from {{ ref('int_order_days') }}
    where known_orders > 0
    group by tenant_id
),

{%- for name, day, last_day, orders in [
    ('now', 'today.today', 'last_day', 'orders'), ('past', '(today.today - 365)', 'past_last_day', 'past_orders')
] %}
    {{ name }} as (
        select
            totals.*,
            least(totals.{{ orders }}, 3) as orders_class,
            case
                when totals.{{ last_day }} >= {{ day }} - 90 then 90
                when totals.{{ last_day }} >= {{ day }} - 180 then 180
                when totals.{{ last_day }} >= {{ day }} - 365 then 365
                else 0
            end as recency_class
        from totals
        inner join today using (tenant_id)
        where totals.{{ orders }} > 0
    ),
{%- endfor %}

classes as (
    select
        tenant_id,
        orders_class,
        recency_class,
        count(*) as customers,
        sum(following_net_revenue_minor) as net_revenue_minor
    from past
    group by tenant_id, orders_class, recency_class
),

predictions as (
    select
        now.*,
        first_days.first_day > today.today - 365 as is_history_short,
        coalesce(classes.customers, 0) as similar_customers,
        case
            when classes.customers >= {{ similar_at_least }}
                then cast({{ divide('classes.net_revenue_minor', 'classes.customers') }} as bigint)
        end as next_year_minor
    from now
    inner join today using (tenant_id)
    inner join first_days using (tenant_id)
    left join classes using (tenant_id, orders_class, recency_class)
)

select
    predictions.tenant_id,
    predictions.customer_key,
    customers.display_name,
    predictions.first_day as first_order_day,
    predictions.last_day as last_order_day,
    tenants.currency,
    tenants.minor_units,
    cast(1 as bigint) as customers,
    predictions.orders,
    cast(predictions.net_revenue_minor as bigint) as net_revenue_minor,
    predictions.similar_customers,
    cast(case when predictions.next_year_minor is null then 0 else 1 end as bigint) as customers_predicted,
    predictions.next_year_minor,
    cast(predictions.net_revenue_minor + predictions.next_year_minor as bigint) as predicted_ltv_minor,
    case
        when predictions.next_year_minor is not null then null
        when predictions.is_history_short then 'The first order is less than a year old'
        else 'Fewer than {{ similar_at_least }} similar customers a year ago'
    end as no_prediction_because
from predictions
inner join tenants using (tenant_id)
inner join customers using (tenant_id, customer_key)

-- Revenue is net of refunds, by the order's month: returned goods, and adjustments for money paid back without goods or
-- kept for restocking.
{{ config(meta={'unit': 'customer', 'sums_by': ['tenant_id', 'cohort_month', 'month_number']}) }}
with orders as (
    select
        tenant_id,
        customer_key,
        date_day,
        min(date_day) over (partition by tenant_id, customer_key) as first_day,
        gross_sales_minor - discounts_minor - returns_minor + adjustments_minor as net_revenue_minor
    from {{ ref('int_orders') }}
    where is_known
),

numbered as (
    select
        *,
        cast(date_trunc('month', first_day) as date) as cohort_month,
        {{ months_between('first_day', 'date_day') }} as month_number
    from orders
)

select
    tenant_id,
    cohort_month,
    month_number,
    count(distinct customer_key) as active_customers,
    cast(sum(net_revenue_minor) as bigint) as net_revenue_minor,
    {%- for days in [30, 60, 90, 180, 365] %}
        cast(count(case when date_day < first_day + {{ days }} then 1 end) as bigint) as orders_{{ days }},
        cast(coalesce(sum(case when date_day < first_day + {{ days }} then net_revenue_minor end), 0) as bigint)
            as net_revenue_{{ days }}_minor,
    {%- endfor %}
    cast(count(*) as bigint) as row_count
from numbered
group by
    tenant_id,
    cohort_month,
    month_number

{{ config(meta={'unit': 'customer', 'sums_by': ['tenant_id', 'month']}) }}
with tenants as (select * from {{ ref('stg_takings__tenants') }}),

ends as (select * from {{ ref('int_month_ends') }}),

order_days as (
    select
        tenant_id,
        customer_key,
        date_day
    from {{ ref('int_orders') }}
    where is_known
    group by tenant_id, customer_key, date_day
),

-- from an order to the day on which its customer becomes inactive, or to the customer's next order
spans as (
    select
        order_days.tenant_id,
        order_days.customer_key,
        order_days.date_day,
        min(order_days.date_day) over customer as first_day,
        least(
            order_days.date_day + tenants.inactive_after_days, lead(order_days.date_day) over customer
        ) as end_day
    from order_days
    inner join tenants using (tenant_id)
    window customer as (partition by order_days.tenant_id, order_days.customer_key order by order_days.date_day)
),

active as (
    select
        spans.tenant_id,
        spans.customer_key,
        ends.month,
        ends.next_month,
        spans.first_day >= ends.month as is_new,
        lag(ends.next_month) over customer as previous_until,
        lead(ends.month) over customer as following
    from spans
    inner join ends
        on
            spans.tenant_id = ends.tenant_id
            and spans.date_day <= ends.end_day
            and spans.end_day > ends.end_day
    window customer as (partition by spans.tenant_id, spans.customer_key order by ends.month)
),

changes as (
    select
        tenant_id,
        month,
        0 as opening,
        case when is_new then 1 else 0 end as new,
        case when not is_new and (previous_until is null or previous_until < month) then 1 else 0 end as returned,
        0 as lost,
        1 as closing
    from active
    union all
    select
        tenant_id,
        next_month as month,
        1 as opening,
        0 as new,
        0 as returned,
        case when following is null or following > next_month then 1 else 0 end as lost,
        0 as closing
    from active
)

select
    tenant_id,
    month,
    {%- for name in ['opening', 'new', 'returned', 'lost', 'closing'] %}
        cast(sum({{ name }}) as bigint) as customers_{{ name }},
    {%- endfor %}
    cast(count(*) as bigint) as row_count
from changes
group by
    tenant_id,
    month

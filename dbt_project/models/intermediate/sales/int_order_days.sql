{{ config(meta={'unit': 'order', 'sums_by': ['tenant_id', 'date_day']}) }}
with orders as (
    select
        *,
        gross_sales_minor - discounts_minor - returns_minor + shipping_minor + taxes_minor + duties_minor + fees_minor
        + tips_minor + gift_cards_sold_minor + adjustments_minor as parts_minor
    from {{ ref('int_orders') }}
)

select
    tenant_id,
    date_day,
    cast(coalesce(sum(case when is_completed then 0 else current_total_minor end), 0) as bigint) as other_orders_minor,
    cast(sum(-parts_minor) as bigint) as other_days_minor,
    cast(coalesce(sum(parts_minor - current_total_minor), 0) as bigint) as rounding_minor,
    cast(coalesce(sum(case when is_known then 1 end), 0) as bigint) as known_orders,
    cast(coalesce(sum(case when is_completed then 1 end), 0) as bigint) as completed_orders,
    cast(coalesce(sum(case when order_status = 'SHIPPED' then 1 end), 0) as bigint) as shipped_orders,
    cast(coalesce(sum(case when fulfillment_status = 'FULFILLED' then 1 end), 0) as bigint) as sent_orders,
    cast(
        coalesce(sum(case when fulfillment_status = 'FULFILLED' and channel = 'Online store' then 1 end), 0) as bigint
    ) as sent_online_orders,
    cast(count(*) as bigint) as row_count
from orders
group by
    tenant_id,
    date_day

-- The running month is the month until today: from the same day of the month before, so that it can be compared.
with orders as (
    select
        *,
        cast(date_trunc('month', date_day) as date) as month
    from {{ ref('int_orders') }}
    where channel = 'Subscription renewals'
),

today as (select * from {{ ref('int_today') }}),

-- an order that a subscriber of Stripe paid there is a period of that subscription
at_stripe as (
    select distinct
        charges.tenant_id,
        charges.shop as source_account,
        charges.order_id,
        customers.date_month as month
    from {{ ref('int_charge_orders') }} as charges
    inner join {{ ref('customer_mrr') }} as customers using (tenant_id, source_account, customer_id)
    where charges.order_id is not null
),

counted as (
    select
        orders.tenant_id,
        orders.date_day,
        orders.customer_key,
        orders.gross_sales_minor - orders.discounts_minor as amount_minor
    from orders
    left join at_stripe using (tenant_id, source_account, order_id, month)
    where orders.is_valid and at_stripe.order_id is null
),

last_months as (
    select
        tenant_id,
        max(month) as last_month
    from {{ ref('int_mrr_months') }}
    group by tenant_id
),

months as (
    select distinct
        orders.tenant_id,
        cast(orders.month + quiet.months * interval '1' month as date) as month
    from orders
    cross join {{ quiet_months() }}
),

-- none after the last month of a Stripe account that lags behind: without it, the month would look like churn
ends as (
    select
        months.tenant_id,
        months.month,
        cast(months.month + interval '1' month as date) <= today.today as is_complete,
        least(cast(months.month + interval '1' month as date) - 1, today.today) as end_day
    from months
    inner join today using (tenant_id)
    left join last_months using (tenant_id)
    where months.month <= today.today and months.month <= coalesce(last_months.last_month, months.month)
),

mrr as (
    select
        ends.tenant_id,
        ends.month,
        sum(counted.amount_minor) as shop_mrr_minor,
        count(distinct counted.customer_key) as shop_subscribers
    from ends
    inner join counted
        on
            ends.tenant_id = counted.tenant_id
            and ends.end_day >= counted.date_day
            and cast(ends.end_day + 1 - interval '1' month as date) <= counted.date_day
    group by ends.tenant_id, ends.month
),

totals as (
    select
        tenant_id,
        month,
        sum(order_total_minor) as subscription_order_totals_minor
    from orders
    group by tenant_id, month
)

select
    ends.tenant_id,
    ends.month,
    ends.is_complete,
    cast(coalesce(mrr.shop_mrr_minor, 0) as bigint) as shop_mrr_minor,
    coalesce(mrr.shop_subscribers, 0) as shop_subscribers,
    cast(coalesce(totals.subscription_order_totals_minor, 0) as bigint) as subscription_order_totals_minor
from ends
left join mrr using (tenant_id, month)
left join totals using (tenant_id, month)

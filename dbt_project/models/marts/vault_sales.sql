with rates as (
    select * from {{ ref('int_exchange_rates') }}
    where order_currency = 'USD'
),

entries as (
    select
        'purchase' as entry,
        tenant_id,
        source,
        source_account,
        row_id,
        logged_at as happened_at,
        date_day,
        hour_of_day,
        visit_id,
        {{ log_dimensions() }},
        customer_type_computed,
        delivery_success,
        is_refunded,
        own_amount_minor,
        cast(null as varchar) as refund_reason,
        true as has_purchase,
        true as is_date_known,
        cast(null as date) as sale_day
    from {{ ref('int_vault_purchases') }}
    union all
    select
        'refund' as entry,
        tenant_id,
        source,
        source_account,
        row_id,
        refunded_at as happened_at,
        date_day,
        hour_of_day,
        visit_id,
        {{ log_dimensions() }},
        cast(null as varchar) as customer_type_computed,
        cast(null as boolean) as delivery_success,
        cast(null as boolean) as is_refunded,
        own_amount_minor,
        refund_reason,
        has_purchase,
        is_date_known,
        sale_day
    from {{ ref('int_vault_refunds') }}
),

converted as (
    select
        entries.*,
        rates.rate,
        rates.rate_date,
        rates.currency,
        rates.minor_units,
        entries.entry = 'purchase' as is_purchase,
        case
            when entries.is_date_known then {{ days_between('entries.sale_day', 'entries.date_day') }}
        end as days_since_sale,
        {{ convert('entries.own_amount_minor', 'rates.factor') }} as amount_minor
    from entries
    left join rates
        on entries.tenant_id = rates.tenant_id and entries.date_day = rates.date_day
)

select
    tenant_id,
    source,
    source_account,
    entry,
    row_id,
    date_day,
    happened_at,
    hour_of_day,
    cast(cast(date_day as varchar) || ' ' || hour_of_day || ':00' as timestamp) as hour_start,
    visit_id,
    {{ log_dimensions() }},
    customer_type_computed,
    delivery_success,
    is_refunded,
    refund_reason,
    sale_day,
    days_since_sale,
    case
        when is_purchase then null
        when not has_purchase then '(sale not in the log)'
        when not is_date_known then '(day not in the log)'
        when days_since_sale < 0 then '(before the sale)'
        when days_since_sale = 0 then '0 days'
        when days_since_sale <= 7 then '1 to 7 days'
        when days_since_sale <= 30 then '8 to 30 days'
        when days_since_sale <= 90 then '31 to 90 days'
        else 'over 90 days'
    end as refund_age,
    own_amount_minor,
    rate,
    rate_date,
    currency,
    minor_units,
    cast(case when is_purchase then 1 else 0 end as bigint) as orders,
    case when is_purchase then amount_minor else 0 end as revenue_minor,
    cast(case when is_purchase then 0 else 1 end as bigint) as refunds,
    case when is_purchase then 0 else amount_minor end as refunded_minor,
    cast(case when is_refunded then 1 else 0 end as bigint) as orders_refunded,
    cast(case when is_purchase or has_purchase then 0 else 1 end as bigint) as refunds_without_sale,
    cast(case when is_date_known then 0 else 1 end as bigint) as refunds_without_day,
    cast(case when is_purchase and delivery_success is not null then 1 else 0 end as bigint) as deliveries_known,
    cast(case when is_purchase and delivery_success then 1 else 0 end as bigint) as deliveries_made,
    cast(case when is_purchase and customer_type = 'first_time' then 1 else 0 end as bigint) as first_time_orders,
    cast(case when is_purchase and customer_type = 'repeat' then 1 else 0 end as bigint) as repeat_orders,
    cast(
        case when is_purchase and customer_type = 'first_time' and customer_type_computed = 'repeat' then 1 else 0 end
        as bigint
    ) as contradicted_orders
from converted

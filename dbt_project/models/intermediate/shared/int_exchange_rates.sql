with orders as (select * from {{ ref('int_currency_days') }}),

ad_days as (select * from {{ ref('int_ad_account_days') }}),

log as (
    select * from {{ ref('int_event_log') }}
    where funnel_stage in ('purchase', 'refund')
),

message_costs as (select * from {{ ref('int_message_costs') }}),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

rates as (select * from {{ source('takings', 'exchange_rates') }}),

needed as (
    select
        tenant_id,
        order_currency,
        order_minor_units,
        date_day
    from orders
    union
    select
        tenant_id,
        account_currency,
        account_minor_units,
        date_day
    from ad_days
    union
    select
        tenant_id,
        'USD' as order_currency,  -- the event log's amounts
        100 as order_minor_units,
        date_day
    from log
    union
    select
        tenant_id,
        'USD' as order_currency,  -- what the models of an assistant cost
        100 as order_minor_units,
        date_day
    from message_costs
    where own_known_cost_micros <> 0
),

candidates as (
    select
        needed.*,
        tenants.currency,
        tenants.minor_units,
        case when needed.order_currency = tenants.currency then 1 else rates.rate end as rate,
        case when needed.order_currency = tenants.currency then needed.date_day else rates.rate_day end as rate_date,
        row_number() over (
            partition by needed.tenant_id, needed.order_currency, needed.date_day
            order by rates.rate_day desc nulls last
        ) as rate_number
    from needed
    inner join tenants using (tenant_id)
    left join rates
        on
            needed.order_currency = rates.from_currency
            and tenants.currency = rates.to_currency
            and rates.rate_day between needed.date_day - 6 and needed.date_day
)

select
    tenant_id,
    order_currency,
    date_day,
    currency,
    minor_units,
    rate_date,
    cast(rate as decimal(20, 12)) as rate,
    -- from minor units to minor units; 1000 and 0.001 avoid a division in floats
    cast(
        cast(rate as decimal(20, 12))
        * cast(minor_units as decimal(4, 0))
        * cast({{ whole_division('1000', 'order_minor_units') }} as decimal(4, 0))
        * 0.001
        as decimal(20, 12)
    ) as factor
from candidates
where rate_number = 1

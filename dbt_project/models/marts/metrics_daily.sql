-- One int_daily_<family> model per family of measures; rows are joined where their keys match. A measure whose source
-- the tenant does not have is null in all of its rows.
{%- set families = {
    'sales': {'has_shop': [
        'gross_sales_minor', 'discounts_minor', 'returns_minor', 'net_sales_minor', 'shipping_minor', 'taxes_minor',
        'duties_minor', 'fees_minor', 'total_sales_minor', 'tips_minor', 'gift_cards_sold_minor', 'adjustments_minor',
        'order_value_minor', 'revenue_all_orders_minor', 'order_revenue_minor', 'refunded_order_value_minor',
        'refunds_by_order_date_minor', 'orders_placed', 'orders_valid', 'orders_completed', 'orders_refunded',
        'orders_partially_refunded', 'orders_paid_back', 'refunded_amount_minor', 'refunded_store_credit_minor',
        'refunds_made', 'units_sold', 'new_customers'
    ]},
    'marketing': {'has_ads': [
        'ad_spend_minor', 'impressions', 'clicks', 'platform_purchases', 'platform_purchase_value_minor'
    ]},
    'sessions': {
        'has_visits': [
            'sessions', 'visitors', 'sessions_with_cart', 'sessions_reached_checkout', 'sessions_ordered',
            'cart_sessions_ordered'
        ],
        'has_events': ['add_to_carts', 'user_days', 'api_calls', 'api_errors', 'feature_uses'],
    },
    'cash': {'has_stripe': [
        'cash_received_minor', 'cash_fees_minor', 'cash_refunded_minor', 'disputes_minor', 'payouts_minor',
        'cash_other_minor', 'balance_change_minor', 'direct_revenue_minor'
    ]},
    'costs': {
        'has_shop': [
            'cost_of_goods_minor', 'cost_of_goods_assumed_minor', 'sales_cost_recorded_minor',
            'sales_cost_assumed_minor', 'sales_cost_missing_minor'
        ],
        'has_expenses': ['operating_expenses_minor', 'fixed_expenses_minor'],
    },
} %}
{%- set measures = {} %}
{%- for known in families.values() %}
    {%- for source, names in known.items() %}
        {%- for name in names %}
            {%- do measures.update({name: source}) %}
        {%- endfor %}
    {%- endfor %}
{%- endfor %}
with families as (
    {%- for family, known in families.items() %}
        select
            tenant_id,
            source,
            channel,
            date_day,
            {{ present_or_null(measures, known.values() | sum(start=[])) }}
        from {{ ref('int_daily_' ~ family) }}
        {{ 'union all' if not loop.last }}
    {%- endfor %}
),

days as (
    select
        tenant_id,
        source,
        channel,
        date_day,
    {%- for measure in measures %}
        sum({{ measure }}) as {{ measure }}{{ ',' if not loop.last }}
    {%- endfor %}
    from families
    group by
        tenant_id,
        source,
        channel,
        date_day
),

known_sources as (select * from {{ ref('int_known_sources') }}),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

revenue_sources as (
    select distinct
        source,
        channel,
        revenue_source
    from {{ ref('channels') }}
)

select
    days.tenant_id,
    days.source,
    days.channel,
    coalesce(revenue_sources.revenue_source, 'None') as revenue_source,
    days.date_day,
    tenants.currency,
    tenants.minor_units,
{%- for measure, source in measures.items() %}
    case when known_sources.{{ source }} then cast(coalesce(days.{{ measure }}, 0) as bigint) end
        as {{ measure }}{{ ',' if not loop.last }}
{%- endfor %}
from days
inner join tenants using (tenant_id)
inner join known_sources using (tenant_id)
left join revenue_sources using (source, channel)

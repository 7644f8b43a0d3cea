{{ config(meta={'unit': 'order', 'sums_by': ['tenant_id', 'source', 'channel', 'date_day']}) }}
{%- set rows = {
    'revenue': {
        'units_sold': "case when line_type = 'PRODUCT' and quantity > 0 then quantity end",
        'ledger_rows': '1',
    },
    'orders': {
        'order_value_minor': 'gross_sales_minor - discounts_minor',
        'revenue_all_orders_minor': 'order_total_minor',
        'order_revenue_minor': 'case when is_completed then current_total_minor end',
        'refunded_order_value_minor':
            "case when order_status in ('REFUNDED', 'PARTIALLY_REFUNDED') then order_total_minor end",
        'refunds_by_order_date_minor': 'refunded_amount_minor',
        'orders_placed': '1',
        'orders_valid': 'case when is_valid then 1 end',
        'orders_completed': 'case when is_completed then 1 end',
        'orders_refunded': "case when order_status = 'REFUNDED' then 1 end",
        'orders_partially_refunded': "case when order_status = 'PARTIALLY_REFUNDED' then 1 end",
        'orders_paid_back': 'case when refunded_amount_minor > 0 then 1 end',
        'new_customers': "case when customer_kind = 'new' then 1 end",
    },
    'refunds': {
        'refunded_amount_minor': 'refunded_amount_minor',
        'refunded_store_credit_minor': 'refunded_store_credit_minor',
        'refunds_made': '1',
    },
} %}
{%- for name in [
    'gross_sales', 'discounts', 'returns', 'net_sales', 'shipping', 'taxes', 'duties', 'fees', 'total_sales', 'tips',
    'gift_cards_sold', 'adjustments'
] %}
    {%- do rows.revenue.update({name ~ '_minor': name ~ '_minor'}) %}
{%- endfor %}
with sales as (
    {%- for table, measures in rows.items() %}
        select
            tenant_id,
            source,
            channel,
            date_day,
            {%- for other in rows.values() %}
                {%- for name in other %}
                    {{ measures.get(name, 'cast(null as bigint)') }} as {{ name }},
                {%- endfor %}
            {%- endfor %}
            1 as row_count
        from {{ ref(table) }}
        {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    tenant_id,
    source,
    channel,
    date_day,
    {%- for measures in rows.values() %}
        {%- for name in measures %}
            cast(coalesce(sum({{ name }}), 0) as bigint) as {{ name }},
        {%- endfor %}
    {%- endfor %}
    cast(count(*) as bigint) as row_count
from sales
group by
    tenant_id,
    source,
    channel,
    date_day

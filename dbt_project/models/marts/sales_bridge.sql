-- Two ways from one revenue to another, as signed steps per day; the steps up to a subtotal add up to it.
-- An order's value counts on the day of the order, the rows of the ledger on their own day: `other_days` is the
-- difference, `rounding` that of amounts in another currency, which are converted row by row.
{%- set bridges = {
    'total_sales': {
        'Net sales': {
            'Gross sales': 'gross_sales_minor', 'Discounts': '-discounts_minor', 'Returns': '-returns_minor',
        },
        'Total sales': {
            'Shipping': 'shipping_minor', 'Taxes': 'taxes_minor', 'Duties and fees': 'duties_minor + fees_minor',
        },
    },
    'net_sales': {
        'All orders': {
            'Completed orders': 'order_revenue_minor',
            'Open, refunded or cancelled': 'other_orders_minor',
            'Exchange rates': 'rounding_minor',
        },
        'Total sales': {
            'Changed on other days': 'other_days_minor',
            'Tips': '-tips_minor',
            'Gift cards': '-gift_cards_sold_minor',
            'Refund adjustments': '-adjustments_minor',
        },
        'Net sales': {
            'Duties and fees': '-duties_minor - fees_minor', 'Taxes': '-taxes_minor', 'Shipping': '-shipping_minor',
        },
    },
} %}
{%- set columns = [
    'gross_sales_minor', 'discounts_minor', 'returns_minor', 'shipping_minor', 'taxes_minor', 'duties_minor',
    'fees_minor', 'tips_minor', 'gift_cards_sold_minor', 'adjustments_minor', 'order_revenue_minor',
    'other_orders_minor', 'other_days_minor', 'rounding_minor'
] %}
with measures as (
    select
        tenant_id,
        date_day,
        gross_sales_minor,
        discounts_minor,
        returns_minor,
        shipping_minor,
        taxes_minor,
        duties_minor,
        fees_minor,
        tips_minor,
        gift_cards_sold_minor,
        adjustments_minor,
        order_revenue_minor,
        0 as other_orders_minor,
        gross_sales_minor - discounts_minor - returns_minor + shipping_minor + taxes_minor + duties_minor + fees_minor
        + tips_minor + gift_cards_sold_minor + adjustments_minor as other_days_minor,
        0 as rounding_minor
    from {{ ref('metrics_daily') }}
    union all
    select
        tenant_id,
        date_day,
        {{ present_or_null(columns, ['other_orders_minor', 'other_days_minor', 'rounding_minor']) }}
    from {{ ref('int_order_days') }}
),

steps as (
    {%- for bridge, stages in bridges.items() %}
        {%- for stage, steps in stages.items() %}
            {%- set stage_position = loop.index %}
            {%- for step, amount in steps.items() %}
                select
                    tenant_id,
                    '{{ bridge }}' as bridge,
                    {{ stage_position }} as stage_position,
                    '{{ stage }}' as stage,
                    {{ loop.index }} as step_position,
                    '{{ step }}' as step,
                    date_day,
                    {{ amount }} as amount_minor
                from measures
                {{ 'union all' if not (loop.last and stage == 'Net sales' and bridge == 'net_sales') }}
            {%- endfor %}
        {%- endfor %}
    {%- endfor %}
),

tenants as (select * from {{ ref('stg_takings__tenants') }})

select
    steps.tenant_id,
    steps.bridge,
    cast(steps.stage_position as integer) as stage_position,
    steps.stage,
    cast(steps.step_position as integer) as step_position,
    steps.step,
    steps.date_day,
    tenants.currency,
    tenants.minor_units,
    cast(sum(steps.amount_minor) as bigint) as amount_minor
from steps
inner join tenants using (tenant_id)
group by
    steps.tenant_id, steps.bridge, steps.stage_position, steps.stage, steps.step_position, steps.step, steps.date_day,
    tenants.currency, tenants.minor_units
having sum(steps.amount_minor) <> 0

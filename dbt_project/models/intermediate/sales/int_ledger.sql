{{ config(meta={
    'unit': 'order',
    'lookups': {
        'int_exchange_rates': ['tenant_id', 'order_currency', 'date_day'],
    },
}) }}
{%- set families = [
    'gross_sales', 'discounts', 'returns', 'shipping', 'taxes', 'duties', 'fees', 'tips', 'gift_cards_sold',
    'adjustments'
] %}
with sales as (select * from {{ ref('stg_shopify__sales') }}),

orders as (select * from {{ ref('stg_shopify__orders') }}),

lines as (select * from {{ ref('stg_shopify__order_lines') }}),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

rates as (select * from {{ ref('int_exchange_rates') }}),

split as (
    select
        sales.*,
        orders.channel,
        orders.order_currency,
        -- the own agreement of an imported order is later than the order's day
        case
            when sales.agreement_kind = 'OrderAgreement' then orders.date_day
            else {{ local_day('sales.happened_at', 'tenants.time_zone') }}
        end as date_day,
        sales.amount_minor - sales.tax_minor as net_minor,
        sales.line_type in {{ sale_types() }} as is_sale
    from sales
    inner join orders using (tenant_id, source_account, order_id)
    inner join tenants using (tenant_id)
),

families as (
    select
        *,
        case when line_type = 'PRODUCT' and quantity > 0 then net_minor + discount_minor else 0 end as gross_sales,
        case
            when line_type = 'PRODUCT' and quantity > 0 then discount_minor
            when line_type = 'PRODUCT' and quantity = 0 then -net_minor
            else 0
        end as discounts,
        case when line_type = 'PRODUCT' and quantity < 0 then -net_minor else 0 end as returns,
        case when line_type = 'SHIPPING' then net_minor else 0 end as shipping,
        case when is_sale then tax_minor else 0 end as taxes,
        case when line_type = 'DUTY' then net_minor else 0 end as duties,
        case when line_type in ('FEE', 'ADDITIONAL_FEE') then net_minor else 0 end as fees,
        case when line_type = 'TIP' then amount_minor else 0 end as tips,
        case when line_type = 'GIFT_CARD' then amount_minor else 0 end as gift_cards_sold,
        case when line_type in ('ADJUSTMENT', 'UNKNOWN') then amount_minor else 0 end as adjustments
    from split
)

select
    families.tenant_id,
    families.source,
    families.source_account,
    families.order_id,
    families.sale_id,
    families.agreement_id,
    families.agreement_kind,
    families.refund_id,
    families.date_day,
    families.happened_at,
    families.channel,
    families.line_type,
    families.line_item_id,
    lines.product_key,
    families.quantity,
    families.order_currency,
    families.amount_minor as own_amount_minor,
    rates.currency,
    rates.minor_units,
    rates.rate,
    rates.rate_date,
{%- for family in families %}
    {{ convert('families.' ~ family, 'rates.factor') }} as {{ family }}_minor{{ ',' if not loop.last }}
{%- endfor %}
from families
left join lines using (tenant_id, source_account, order_id, line_item_id)
left join rates
    on
        families.tenant_id = rates.tenant_id
        and families.order_currency = rates.order_currency
        and families.date_day = rates.date_day

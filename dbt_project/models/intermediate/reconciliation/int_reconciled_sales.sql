{{ config(meta={'unit': 'order', 'sums_by': ['tenant_id', 'source_account', 'date_day']}) }}
with ledger as (
    select
        sales.*,
        case
            when sales.agreement_kind = 'OrderAgreement' then {{ local_day('orders.processed_at', 'shop.time_zone') }}
            else {{ local_day('sales.happened_at', 'shop.time_zone') }}
        end as date_day,
        sales.amount_minor - sales.tax_minor as net_minor,
        sales.line_type = 'PRODUCT' as is_product
    from {{ ref('stg_shopify__sales') }} as sales
    inner join {{ ref('stg_shopify__orders') }} as orders using (tenant_id, source_account, order_id)
    inner join {{ source('shopify', 'shop') }} as shop using (tenant_id, source_account)
),

measures as (
    select
        tenant_id,
        source_account,
        date_day,
        case when is_product and quantity > 0 then net_minor + discount_minor end as gross_sales,
        case
            when is_product and quantity > 0 then discount_minor
            when is_product and quantity = 0 then -net_minor
        end as discounts,
        case when is_product and quantity < 0 then -net_minor end as returns,
        case when is_product then net_minor end as net_sales,
        case when line_type = 'SHIPPING' then net_minor end as shipping,
        case when line_type in {{ sale_types() }} then tax_minor end as taxes,
        case when line_type in {{ sale_types() }} then amount_minor end as total_sales
    from ledger
)

select
    tenant_id,
    source_account,
    date_day,
    {%- for name in ['gross_sales', 'discounts', 'returns', 'net_sales', 'shipping', 'taxes', 'total_sales'] %}
        cast(coalesce(sum({{ name }}), 0) as bigint) as {{ name }},
    {%- endfor %}
    cast(count(*) as bigint) as row_count
from measures
group by
    tenant_id,
    source_account,
    date_day

{{ config(materialized='table', meta={'unit': 'order'}) }}
with sales as (select * from {{ source('shopify', 'sales') }}),

agreements as (select * from {{ source('shopify', 'agreements') }}),

currencies as (select * from {{ ref('currencies') }})

select
    sales.tenant_id,
    'shopify' as source,
    sales.source_account,
    sales.order_id,
    sales.sale_id,
    sales.agreement_id,
    agreements.kind as agreement_kind,
    agreements.happened_at,
    agreements.refund_id,
    sales.action_type,
    sales.line_type,
    sales.line_item_id,
    coalesce(sales.quantity, 0) as quantity,
    {{ to_minor('sales.amount', 'currencies.minor_units') }} as amount_minor,
    {{ to_minor('sales.tax', 'currencies.minor_units') }} as tax_minor,
    {{ to_minor('sales.discount_before_tax', 'currencies.minor_units') }} as discount_minor
from sales
inner join agreements using (tenant_id, source_account, order_id, agreement_id)
left join currencies on sales.currency = currencies.currency

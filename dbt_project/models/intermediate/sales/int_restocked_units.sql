-- The ledger does not say which units were restocked, but the lines of refunds do. Lines of a refund with ledger rows
-- belong to these rows; lines of other refunds belong to the order's returns and edits, oldest first.
with sales as (
    select * from {{ ref('int_ledger') }}
    where line_type = 'PRODUCT' and quantity < 0
),

refund_lines as (
    select
        refunds.tenant_id,
        refunds.source_account,
        refunds.order_id,
        lines.line_item_id,
        lines.refund_id,
        sum(lines.quantity) filter (
            where coalesce(lines.restocked, lines.restock_type in ('RETURN', 'CANCEL', 'LEGACY_RESTOCK'))
        ) as restocked
    from {{ source('shopify', 'refund_lines') }} as lines
    inner join {{ ref('stg_shopify__refunds') }} as refunds using (tenant_id, source_account, refund_id)
    group by all
),

refunds_with_rows as (
    select distinct
        tenant_id,
        source_account,
        refund_id
    from sales
    where refund_id is not null
),

available as (
    select
        refund_lines.tenant_id,
        refund_lines.source_account,
        refund_lines.order_id,
        refund_lines.line_item_id,
        coalesce(refunds_with_rows.refund_id, '') as row_refund_id,
        sum(refund_lines.restocked) as restocked
    from refund_lines
    left join refunds_with_rows using (tenant_id, source_account, refund_id)
    group by all
),

returns as (
    select
        *,
        coalesce(refund_id, '') as row_refund_id,
        coalesce(sum(-quantity) over (
            partition by tenant_id, source_account, order_id, line_item_id, coalesce(refund_id, '')
            order by happened_at, sale_id
            rows between unbounded preceding and 1 preceding
        ), 0) as units_before
    from sales
)

select
    returns.tenant_id,
    returns.source_account,
    returns.sale_id,
    greatest(0, least(-returns.quantity, coalesce(available.restocked, 0) - returns.units_before)) as quantity
from returns
left join available using (tenant_id, source_account, order_id, line_item_id, row_refund_id)

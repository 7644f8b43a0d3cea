-- One row a sale of negative quantity: how many of its units went back on the shelf. The ledger does not say; a
-- refund's lines do, for the rows of that refund; those of a refund without rows of its own belong to the order's
-- returns and edits, oldest first.
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

with_rows as (
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
        coalesce(with_rows.refund_id, '') as of_refund,
        sum(refund_lines.restocked) as restocked
    from refund_lines
    left join with_rows using (tenant_id, source_account, refund_id)
    group by all
),

placed as (
    select
        *,
        coalesce(refund_id, '') as of_refund,
        coalesce(sum(-quantity) over (
            partition by tenant_id, source_account, order_id, line_item_id, coalesce(refund_id, '')
            order by happened_at, sale_id
            rows between unbounded preceding and 1 preceding
        ), 0) as before
    from sales
)

select
    placed.tenant_id,
    placed.source_account,
    placed.sale_id,
    greatest(0, least(-placed.quantity, coalesce(available.restocked, 0) - placed.before)) as quantity
from placed
left join available using (tenant_id, source_account, order_id, line_item_id, of_refund)

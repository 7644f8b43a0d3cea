-- Units that an edit removes were not sold: all of them take their cost with them. The ledger does not say which
-- returned units were restocked, but the lines of refunds do. Lines of a refund with ledger rows belong to these rows.
-- Lines of other refunds belong to the order's returns, oldest first; cancelled units to its edits before its returns.
{{ config(meta={'unit': 'order'}) }}
with sales as (
    select
        *,
        coalesce(refund_id, '') as row_refund_id,
        coalesce(agreement_kind = 'OrderEditAgreement', false) as is_edit
    from {{ ref('int_ledger') }}
    where line_type = 'PRODUCT' and quantity < 0
),

refund_lines as (
    select
        refunds.tenant_id,
        refunds.source_account,
        refunds.order_id,
        lines.line_item_id,
        lines.refund_id,
        sum(
            case
                when coalesce(lines.restocked, lines.restock_type in ('RETURN', 'CANCEL', 'LEGACY_RESTOCK'))
                    then lines.quantity
                else 0
            end
        ) as restocked,
        sum(case when lines.restock_type = 'CANCEL' and coalesce(lines.restocked, true) then lines.quantity else 0 end)
            as cancelled
    from {{ source('shopify', 'refund_lines') }} as lines
    inner join {{ ref('stg_shopify__refunds') }} as refunds using (tenant_id, source_account, refund_id)
    group by
        refunds.tenant_id,
        refunds.source_account,
        refunds.order_id,
        lines.line_item_id,
        lines.refund_id
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
        sum(refund_lines.restocked) as restocked,
        sum(refund_lines.cancelled) as cancelled
    from refund_lines
    left join refunds_with_rows using (tenant_id, source_account, refund_id)
    group by
        refund_lines.tenant_id,
        refund_lines.source_account,
        refund_lines.order_id,
        refund_lines.line_item_id,
        coalesce(refunds_with_rows.refund_id, '')
),

removals as (
    select
        *,
        sum(case when is_edit then -quantity else 0 end) over (
            partition by tenant_id, source_account, order_id, line_item_id, row_refund_id
        ) as edited_units,
        coalesce(sum(case when is_edit then 0 else -quantity end) over (
            partition by tenant_id, source_account, order_id, line_item_id, row_refund_id
            order by happened_at, sale_id
            rows between unbounded preceding and 1 preceding
        ), 0) as returned_before
    from sales
)

select
    removals.tenant_id,
    removals.source_account,
    removals.order_id,
    removals.sale_id,
    case
        when removals.is_edit then -removals.quantity
        else
            greatest(0, least(
                -removals.quantity,
                coalesce(available.restocked, 0)
                - least(coalesce(available.cancelled, 0), removals.edited_units)
                - removals.returned_before
            ))
    end as quantity
from removals
left join available using (tenant_id, source_account, order_id, line_item_id, row_refund_id)

-- Refunds of the event log whose purchase it does not hold: they count as paid back, and no sale stands against them.
{{ config(severity='warn', meta={
    'amount': 'refunded_minor',
    'because': 'the log holds no purchase of their visit, vault and product. They count as paid back; add the older part '
        ~ 'of the log, or correct the visit, vault or product of these rows'
}) }}
select
    tenant_id,
    source_account,
    row_id,
    visit_id,
    vault_id,
    product_name,
    currency,
    minor_units,
    refunded_minor
from {{ ref('vault_sales') }}
where refunds_without_sale = 1

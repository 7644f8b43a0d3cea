-- Charges whose metadata names an order that no shop of the tenant has, or that was deleted: they count as direct. An
-- order that a shop does have under another name then counts twice in revenue.
{{ config(severity='warn', meta={
    'amount': 'charged_minor',
    'because': 'their metadata names an order that no shop has. They count as direct revenue; if the shop has the order '
        ~ 'under another name, revenue counts it twice'
}) }}
select
    tenant_id,
    source_account,
    charge_id,
    named_order_id,
    currency,
    minor_units,
    charged_minor
from {{ ref('order_charges') }}
where match = 'unknown order'

-- Charges whose metadata names an order that no shop of the tenant has or that was deleted: they count as direct.
{{ config(severity='warn') }}
select
    tenant_id,
    source_account,
    charge_id,
    named_order_id,
    charged_minor
from {{ ref('order_charges') }}
where match = 'unknown order'

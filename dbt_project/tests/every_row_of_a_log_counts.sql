-- Rows of the event log of which a part does not count: a second refund of one visit, vault and product, a refund that
-- is larger than what was bought, and a purchase or refund without an amount.
{{ config(severity='warn') }}
select
    tenant_id,
    visit_key as place,
    'several refund rows of one visit, vault and product count once' as reason
from {{ ref('int_event_log') }}
where funnel_stage = 'refund'
group by tenant_id, visit_key, vault_id, product_name
having count(*) > 1
union all
select
    tenant_id,
    row_id as place,
    'a refund is larger than what was bought' as reason
from {{ ref('int_vault_refunds') }}
where own_amount_minor > own_purchased_minor
union all
select
    tenant_id,
    row_id as place,
    'a ' || entry || ' has no amount: it adds nothing to the totals' as reason
from {{ ref('vault_sales') }}
where own_amount_minor is null

-- A cost that names no niche belongs to that of its vault, where the log has only one. Costs of days to come, such as
-- planned ones, do not count yet.
with costs as (select * from {{ ref('stg_records__vault_costs') }}),

today as (select * from {{ ref('int_today') }}),

vaults as (
    select
        tenant_id,
        vault_id,
        min(niche) as niche
    from {{ ref('int_event_log') }}
    where niche <> '(unknown)'
    group by tenant_id, vault_id
    having min(niche) = max(niche)
)

select
    costs.tenant_id,
    costs.source,
    costs.source_account,
    costs.row_id,
    costs.cost_day as date_day,
    coalesce(costs.category, '(none given)') as category,
    coalesce(costs.vault_id, '(unknown)') as vault_id,
    coalesce(costs.niche, vaults.niche, '(unknown)') as niche,
    coalesce(costs.product_name, '(unknown)') as product_name,
    costs.own_currency,
    costs.own_minor_units,
    costs.own_amount_minor
from costs
inner join today on costs.tenant_id = today.tenant_id and costs.cost_day <= today.today
left join vaults on costs.tenant_id = vaults.tenant_id and costs.vault_id = vaults.vault_id

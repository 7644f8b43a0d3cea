with costs as (select * from {{ source('shopify', 'variant_costs') }}),

accounts as (
    select * from {{ ref('stg_takings__accounts') }}
    where source = 'shopify'
),

tenants as (select * from {{ ref('stg_takings__tenants') }})

select
    costs.tenant_id,
    accounts.source,
    costs.source_account,
    costs.variant_id,
    costs.known_from,
    {{ local_day('costs.known_from', 'tenants.time_zone') }} as known_day,
    costs.unit_cost,
    costs.cost_currency
from costs
inner join accounts using (tenant_id, source_account)
inner join tenants using (tenant_id)
where costs.unit_cost is not null

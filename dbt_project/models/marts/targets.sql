with targets as (select * from {{ source('takings', 'targets') }})

select
    tenants.tenant_id,
    targets.metric,
    cast(targets.target as decimal(20, 6)) as target
from targets
inner join {{ ref('stg_takings__tenants') }} as tenants using (tenant_id)

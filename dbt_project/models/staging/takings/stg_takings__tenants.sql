with tenants as (select * from {{ source('takings', 'tenants') }}),

currencies as (select * from {{ ref('currencies') }})

select
    tenants.tenant_id,
    tenants.tenant_name,
    tenants.time_zone,
    tenants.currency,
    tenants.inactive_after_days,
    currencies.minor_units
from tenants
left join currencies using (currency)

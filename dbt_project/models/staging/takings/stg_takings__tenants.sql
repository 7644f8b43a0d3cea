-- One row a tenant: its zone decides what a day is, its currency what every amount is converted to.
with tenants as (select * from {{ source('takings', 'tenants') }}),

currencies as (select * from {{ ref('currencies') }})

select
    tenants.tenant_id,
    tenants.tenant_name,
    tenants.time_zone,
    tenants.currency,
    currencies.minor_units
from tenants
left join currencies using (currency)

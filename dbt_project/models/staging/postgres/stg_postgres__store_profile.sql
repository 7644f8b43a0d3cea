with profiles as (
    select * from {{ source('postgres', 'store_profile') }}
    where not is_deleted
),

accounts as (
    select * from {{ ref('stg_takings__accounts') }}
    where source = 'postgres'
)

select
    profiles.tenant_id,
    accounts.source,
    profiles.source_account,
    profiles.store_id,
    profiles.description,
    profiles.brand_voice,
    profiles.store_url,
    profiles.logo_url,
    profiles.temperature,
    profiles.max_products,
    profiles.updated_at
from profiles
inner join accounts using (tenant_id, source_account)

with totals as (select * from {{ source('shopify', 'sessions_totals') }}),

accounts as (
    select * from {{ ref('stg_takings__accounts') }}
    where source = 'shopify'
)

select
    totals.tenant_id,
    accounts.source,
    totals.source_account,
    totals.day as date_day,
    totals.sessions,
    totals.visitors,
    totals.sessions_with_cart,
    totals.sessions_reached_checkout,
    totals.sessions_completed as sessions_ordered
from totals
inner join accounts using (tenant_id, source_account)

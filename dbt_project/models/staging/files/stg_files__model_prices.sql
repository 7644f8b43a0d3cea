with prices as (select * from {{ source('files', 'model_prices') }}),

accounts as (
    select * from {{ ref('stg_takings__accounts') }}
    where source = 'files'
)

select
    prices.tenant_id,
    accounts.source,
    prices.source_account,
    prices.model,
    prices.token_kind,
    prices.usd_per_million,
    {{ to_minor('prices.usd_per_million', 1000000) }} as usd_micros_per_million,
    prices.valid_from,
    prices.valid_to
from prices
inner join accounts using (tenant_id, source_account)

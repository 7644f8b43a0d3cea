with prices as (
    {{ sheet_rows('model_prices', ['valid_from', 'valid_to', 'model', 'token_kind', 'usd_per_million']) }}
),

accounts as (select * from {{ ref('stg_takings__accounts') }})

select
    prices.tenant_id,
    prices.source,
    prices.source_account,
    prices.model,
    prices.token_kind,
    prices.usd_per_million,
    {{ to_minor('prices.usd_per_million', 1000000) }} as usd_micros_per_million,
    prices.valid_from,
    -- without a last day it is valid until the next price
    coalesce(
        prices.valid_to,
        lead(prices.valid_from) over (
            partition by prices.tenant_id, prices.source, prices.source_account, prices.model, prices.token_kind
            order by prices.valid_from nulls first
        ) - 1
    ) as valid_to
from prices
inner join accounts using (tenant_id, source, source_account)

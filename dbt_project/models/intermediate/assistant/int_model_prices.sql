-- A name is looked up as it is, then without a date at its end; a tenant's own row counts before the seed's. Two own
-- rows with different prices for one day give no price: model_prices_are_clear names them.
with messages as (select * from {{ ref('stg_records__chat_messages') }}),

used as (
    select distinct
        tenant_id,
        model,
        cast(created_at as date) as price_day
    from messages
    where model is not null
    union
    select distinct
        tenant_id,
        embedding_model as model,
        cast(created_at as date) as price_day
    from messages
    where embedding_model is not null
),

names as (
    select
        tenant_id,
        model,
        price_day,
        lower(trim(model)) as exact_name,
        {{ model_without_date('lower(trim(model))') }} as base_name
    from used
),

book as (
    select
        tenant_id,
        lower(trim(model)) as model,
        token_kind,
        usd_per_million,
        valid_from,
        valid_to,
        0 as place
    from {{ ref('stg_files__model_prices') }}
    where usd_per_million >= 0
    union all
    select
        tenants.tenant_id,
        prices.model,
        prices.token_kind,
        prices.usd_per_million,
        prices.valid_from,
        prices.valid_to,
        1 as place
    from {{ ref('llm_prices') }} as prices
    cross join {{ ref('stg_takings__tenants') }} as tenants
),

candidates as (
    select
        names.tenant_id,
        names.model,
        names.price_day,
        book.model as priced_model,
        book.token_kind,
        book.usd_per_million,
        case when book.model = names.exact_name then 0 else 2 end + book.place as place
    from names
    inner join book
        on
            names.tenant_id = book.tenant_id
            and (names.exact_name = book.model or names.base_name = book.model)
            and names.price_day >= coalesce(book.valid_from, names.price_day)
            and names.price_day <= coalesce(book.valid_to, names.price_day)
),

first_places as (
    select
        tenant_id,
        model,
        price_day,
        token_kind,
        min(place) as place
    from candidates
    group by tenant_id, model, price_day, token_kind
),

prices as (
    select
        tenant_id,
        model,
        price_day,
        token_kind,
        max(candidates.priced_model) as priced_model,
        case
            when min(candidates.usd_per_million) = max(candidates.usd_per_million)
                then min(candidates.usd_per_million)
        end as price
    from candidates
    inner join first_places using (tenant_id, model, price_day, token_kind, place)
    group by tenant_id, model, price_day, token_kind
),

by_kind as (
    select
        tenant_id,
        model,
        price_day,
        max(priced_model) as priced_model,
    {%- for kind in cost_parts() %}
        max(case when token_kind = '{{ kind }}' then price end) as {{ kind }}_price,
        max(case when token_kind = '{{ kind }}' then 1 else 0 end) as has_{{ kind }}{{ ',' if not loop.last }}
    {%- endfor %}
    from prices
    group by tenant_id, model, price_day
)

select
    tenant_id,
    model,
    price_day,
    priced_model,
    input_price,
    case when has_cached = 1 then cached_price else input_price end as cached_price,
    output_price,
    case when has_reasoning = 1 then reasoning_price else output_price end as reasoning_price,
    embedding_price
from by_kind

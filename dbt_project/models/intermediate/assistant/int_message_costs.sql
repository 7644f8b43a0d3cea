-- A price in USD per million tokens is the same number of micros (millionths of a dollar) per token. Each message is
-- rounded once, and its parts add up to it.
{%- set parts = ['exact_input', 'exact_cached', 'exact_output', 'exact_reasoning', 'exact_embedding'] %}
{%- set priced = [
    ('uncached', 'input'), ('cached', 'cached'), ('spoken', 'output'), ('reasoning', 'reasoning')
] %}
{%- set own_costs = 'own_' ~ cost_parts() | join('_cost_micros,own_') ~ '_cost_micros' %}
{%- set own_costs = own_costs.split(',') %}
with messages as (select * from {{ ref('stg_records__chat_messages') }}),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

prices as (select * from {{ ref('int_model_prices') }}),

counted as (
    select
        messages.tenant_id,
        messages.source,
        messages.source_account,
        messages.message_id,
        messages.session_id,
        messages.created_at,
        {{ local_day('messages.created_at', 'tenants.time_zone') }} as date_day,
        messages.role,
        messages.model,
        messages.embedding_model,
        prices.priced_model,
        embedding_prices.priced_model as priced_embedding_model,
        messages.latency_ms,
        messages.text_length,
        messages.reported_cost_micros,
        messages.model is null as lacks_model,
        messages.embedding_model is null as lacks_embedding_model,
        coalesce(messages.input_tokens, 0) as input_tokens,
        coalesce(messages.cached_tokens, 0) as cached_tokens,
        coalesce(messages.output_tokens, 0) as output_tokens,
        coalesce(messages.reasoning_tokens, 0) as reasoning_tokens,
        coalesce(messages.embedding_tokens, 0) as embedding_tokens,
        coalesce(messages.input_tokens, 0) - coalesce(messages.cached_tokens, 0) as uncached_tokens,
        coalesce(messages.output_tokens, 0) - coalesce(messages.reasoning_tokens, 0) as spoken_tokens,
        messages.role = 'assistant' and messages.model is not null and messages.input_tokens is null
        and messages.output_tokens is null as lacks_tokens,
        messages.embedding_model is not null and messages.embedding_tokens is null as lacks_embedding_tokens,
        prices.input_price,
        prices.cached_price,
        prices.output_price,
        prices.reasoning_price,
        embedding_prices.embedding_price
    from messages
    inner join tenants on messages.tenant_id = tenants.tenant_id
    left join prices
        on
            messages.tenant_id = prices.tenant_id
            and messages.model = prices.model
            and cast(messages.created_at as date) = prices.price_day
    left join prices as embedding_prices
        on
            messages.tenant_id = embedding_prices.tenant_id
            and messages.embedding_model = embedding_prices.model
            and cast(messages.created_at as date) = embedding_prices.price_day
),

gaps as (
    select
        *,
        case
            when uncached_tokens < 0 or spoken_tokens < 0 then 'contradicting token counts'
            when lacks_tokens then 'no token counts'
            when lacks_model and input_tokens + output_tokens > 0 then 'no model'
            when
                (uncached_tokens > 0 and input_price is null)
                or (cached_tokens > 0 and cached_price is null)
                or (spoken_tokens > 0 and output_price is null)
                or (reasoning_tokens > 0 and reasoning_price is null)
                then 'no price'
        end as answer_gap,
        case
            when lacks_embedding_tokens then 'no token counts'
            when lacks_embedding_model and embedding_tokens > 0 then 'no model'
            when embedding_tokens > 0 and embedding_price is null then 'no price'
        end as embedding_gap
    from counted
),

exact as (
    select
        *,
        {%- for tokens, kind in priced %}
            case
                when answer_gap is null
                    then cast({{ tokens }}_tokens as decimal(18, 0)) * coalesce({{ kind }}_price, 0)
                else 0
            end as exact_{{ kind }},
        {%- endfor %}
        case
            when embedding_gap is null
                then cast(embedding_tokens as decimal(18, 0)) * coalesce(embedding_price, 0)
            else 0
        end as exact_embedding
    from gaps
),

totals as (
    select
        *,
    {%- for kind in cost_parts() %}
        {{ running_total(parts, loop.index) }} as total_{{ loop.index }}{{ ',' if not loop.last }}
    {%- endfor %}
    from exact
),

rounded as (
    select
        *,
    {%- for kind in cost_parts() %}
        case
            when {{ 'embedding' if kind == 'embedding' else 'answer' }}_gap is null
                then {{ part_of_totals(loop.index) }}
        end as own_{{ kind }}_cost_micros{{ ',' if not loop.last }}
    {%- endfor %}
    from totals
)

select
    tenant_id,
    source,
    source_account,
    message_id,
    session_id,
    created_at,
    date_day,
    role,
    model,
    embedding_model,
    priced_model,
    priced_embedding_model,
    latency_ms,
    text_length,
    reported_cost_micros,
    input_tokens,
    cached_tokens,
    output_tokens,
    reasoning_tokens,
    embedding_tokens,
    answer_gap,
    embedding_gap,
    {{ own_costs | join(', ') }},
    {{ own_costs | join(' + ') }} as own_cost_micros,
    coalesce({{ own_costs | join(', 0) + coalesce(') }}, 0) as own_known_cost_micros
from rounded

-- A message's answer counts for its model, its embedding for the embedding model.
with messages as (select * from {{ ref('chat_messages') }}),

answers as (
    select
        tenant_id,
        source,
        source_account,
        date_day,
        variant,
        coalesce(model, '(not named)') as model,
        'answer' as usage,
        currency,
        minor_units,
        count(*) as messages,
        sum(case when input_cost_micros is null then 1 else 0 end) as messages_without_cost,
        {%- for kind in cost_parts()[:4] %}
            sum({{ kind }}_tokens) as {{ kind }}_tokens,
            sum({{ kind }}_cost_micros) as {{ kind }}_cost_micros,
        {%- endfor %}
        0 as embedding_tokens,
        0 as embedding_cost_micros
    from messages
    where model is not null or input_tokens + output_tokens > 0
    group by tenant_id, source, source_account, date_day, variant, coalesce(model, '(not named)'), currency, minor_units
),

embeddings as (
    select
        tenant_id,
        source,
        source_account,
        date_day,
        variant,
        coalesce(embedding_model, '(not named)') as model,
        'embedding' as usage,
        currency,
        minor_units,
        count(*) as messages,
        sum(case when embedding_cost_micros is null then 1 else 0 end) as messages_without_cost,
        {%- for kind in cost_parts()[:4] %}
            0 as {{ kind }}_tokens,
            0 as {{ kind }}_cost_micros,
        {%- endfor %}
        sum(embedding_tokens) as embedding_tokens,
        sum(embedding_cost_micros) as embedding_cost_micros
    from messages
    where embedding_model is not null or embedding_tokens > 0
    group by
        tenant_id, source, source_account, date_day, variant, coalesce(embedding_model, '(not named)'), currency,
        minor_units
),

usages as (
    select * from answers
    union all
    select * from embeddings
)

select
    tenant_id,
    source,
    source_account,
    date_day,
    variant,
    model,
    usage,
    currency,
    minor_units,
    cast(messages as bigint) as messages,
    cast(messages_without_cost as bigint) as messages_without_cost,
    {%- for kind in cost_parts() %}
        cast({{ kind }}_tokens as bigint) as {{ kind }}_tokens,
        cast({{ kind }}_cost_micros as bigint) as {{ kind }}_cost_micros,
    {%- endfor %}
    cast(
        case
            when messages_without_cost < messages
                then
                    coalesce(input_cost_micros, 0) + coalesce(cached_cost_micros, 0) + coalesce(output_cost_micros, 0)
                    + coalesce(reasoning_cost_micros, 0) + coalesce(embedding_cost_micros, 0)
        end as bigint
    ) as cost_micros
from usages

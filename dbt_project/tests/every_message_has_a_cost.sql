-- Messages whose cost is unknown, by model and reason. A warning: their costs are empty, and so is each sum with them.
{{ config(severity='warn', meta={'text': 'message'}) }}
with gaps as (
    select
        tenant_id,
        coalesce(model, '(not named)') as model,
        answer_gap as gap,
        created_at
    from {{ ref('int_message_costs') }}
    where answer_gap is not null
    union all
    select
        tenant_id,
        coalesce(embedding_model, '(not named)') as model,
        embedding_gap as gap,
        created_at
    from {{ ref('int_message_costs') }}
    where embedding_gap is not null
),

models as (
    select
        tenant_id,
        model,
        gap,
        count(*) as messages,
        cast(min(created_at) as date) as first_day,
        cast(max(created_at) as date) as last_day
    from gaps
    group by tenant_id, model, gap
)

select
    tenant_id,
    model,
    gap,
    messages,
    'model ' || model || ' of tenant ' || tenant_id || ': the cost of ' || messages
    || case when messages = 1 then ' message' else ' messages' end || ' from ' || first_day || ' to ' || last_day
    || ' (UTC) is unknown, '
    || case gap
        when 'no price' then 'since the price book has no price for it on these days. Add its rows to model_prices.csv'
        when 'no token counts' then 'since their source names no tokens. Record input_tokens and output_tokens'
        when 'no model' then 'since their source names no model. Record the model of each message'
        else 'since cached tokens are more than input tokens, or reasoning tokens more than output tokens. Correct them'
    end as message
from models

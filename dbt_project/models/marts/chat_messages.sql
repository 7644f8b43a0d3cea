-- Costs are computed in dollars, and converted at the rate of the message's day so that a message's parts add up to it.
{%- set parts = [
    'coalesce(own_input_cost_micros, 0)', 'coalesce(own_cached_cost_micros, 0)', 'coalesce(own_output_cost_micros, 0)',
    'coalesce(own_reasoning_cost_micros, 0)', 'coalesce(own_embedding_cost_micros, 0)'
] %}
with costs as (select * from {{ ref('int_message_costs') }}),

sessions as (select * from {{ ref('int_chat_sessions') }}),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

rates as (
    select * from {{ ref('int_exchange_rates') }}
    where order_currency = 'USD'
),

converted as (
    select
        costs.*,
        {{ local_hour('costs.created_at', 'tenants.time_zone') }} as hour_of_day,
        sessions.variant,
        tenants.currency,
        tenants.minor_units,
        rates.rate_date,
        -- a message without a cost needs no rate
        cast(case when costs.own_known_cost_micros = 0 then 1 else rates.rate end as decimal(20, 12)) as rate
    from costs
    inner join sessions on costs.tenant_id = sessions.tenant_id and costs.session_id = sessions.session_id
    inner join tenants on costs.tenant_id = tenants.tenant_id
    left join rates on costs.tenant_id = rates.tenant_id and costs.date_day = rates.date_day
),

totals as (
    select
        *,
    {%- for kind in cost_parts() %}
        {{ running_total(parts, loop.index, 'rate') }} as total_{{ loop.index }}{{ ',' if not loop.last }}
    {%- endfor %}
    from converted
)

select
    tenant_id,
    source,
    source_account,
    message_id,
    session_id,
    created_at,
    date_day,
    hour_of_day,
    role,
    variant,
    model,
    priced_model,
    embedding_model,
    priced_embedding_model,
    input_tokens,
    cached_tokens,
    output_tokens,
    reasoning_tokens,
    embedding_tokens,
    latency_ms,
    text_length,
    currency,
    minor_units,
    rate,
    rate_date,
    {%- for kind in cost_parts() %}
        case
            when own_{{ kind }}_cost_micros is not null then {{ part_of_totals(loop.index) }}
        end as {{ kind }}_cost_micros,
    {%- endfor %}
    case when own_cost_micros is not null then total_5 end as cost_micros,
    own_cost_micros,
    reported_cost_micros,
    coalesce(answer_gap, embedding_gap) as cost_gap,
    cast(case when own_cost_micros is null then 1 else 0 end as bigint) as messages_without_cost,
    cast(case when role = 'user' then 1 else 0 end as bigint) as user_messages,
    cast(case when role = 'assistant' then 1 else 0 end as bigint) as assistant_messages,
    cast(case when {{ is_message('role') }} then 1 else 0 end as bigint) as messages
from totals

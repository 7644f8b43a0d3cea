"""What it costs to build the tables of a shop's chats, as a ratio to the same in plain SQL, in one run.

    .venv/bin/python -m benchmarks.chats [--rows NUMBER]

build    the SQL of the models of chats   /  hand-written SQL that makes the same three tables

Both begin with the rows in staging, in one process, and give the same costs and counts, or the run ends with an error.
The tables of the plain SQL are once in memory and once in a file, as the models' are. It has one tenant in one time
zone, one source, messages that came once, and a list of prices without dates. CPU seconds.
"""

from __future__ import annotations

from benchmarks.event_log import Comparison, measure

MODELS = (
    "stg_records__chat_sessions", "stg_records__chat_messages", "int_model_prices", "int_message_costs",
    "int_chat_sessions", "chat_messages", "chat_sessions", "model_usage_daily",
)  # fmt: skip
ROWS = (
    """insert into files.chat_sessions by name
    select 't' as tenant_id, 'a' as source_account, 'chat_sessions.jsonl' as file, 'ses_' || i as session_id,
        timestamp '2026-01-01' + to_seconds(i * 232) as started_at, 'visitor_' || i % 9000 as visitor_id,
        'v' || i % 2 as variant, 'en' as language, case when i % 5 = 0 then i % 5 + 1 end as satisfaction
    from range({rows} // 8) as r (i)""",
    """insert into files.chat_messages by name
    select 't' as tenant_id, 'a' as source_account, 'chat_messages.jsonl' as file, 'msg_' || i as message_id,
        'ses_' || i // 8 as session_id, timestamp '2026-01-01' + to_seconds(i * 29) as created_at,
        case when i % 2 = 1 then 'assistant' else 'user' end as role,
        case when i % 2 = 1 then case when hash(i) % 2 = 0 then 'gpt-4o' else 'gpt-4o-mini' end end as model,
        case when i % 2 = 1 then 100 + hash(i + 1) % 3900 end as input_tokens,
        case when i % 2 = 1 then hash(i + 2) % 100 end as cached_tokens,
        case when i % 2 = 1 then 10 + hash(i + 3) % 790 end as output_tokens,
        case when i % 2 = 1 then 100 + hash(i + 4) % 8900 end as latency_ms, 20 + hash(i + 5) % 60 as text_length
    from range({rows} // 8 * 8) as r (i)""",
)
PLAIN = (
    """create or replace table messages as
    with prices as (
        select model, max(case when token_kind = 'input' then usd_per_million end) as input,
            max(case when token_kind = 'output' then usd_per_million end) as output,
            coalesce(max(case when token_kind = 'cached' then usd_per_million end), input) as cached
        from read_csv('dbt_project/seeds/llm_prices.csv', types = {'usd_per_million': 'decimal(18, 6)'})
        group by model),
    counted as (
        select m.* exclude (text, file), coalesce(input_tokens, 0) as ins, coalesce(cached_tokens, 0) as cached,
            coalesce(output_tokens, 0) as outs, p.input as input_price, p.cached as cached_price,
            p.output as output_price, timezone('Europe/Lisbon', timezone('UTC', created_at)) as local
        from staging.files.chat_messages as m left join prices as p on lower(trim(m.model)) = p.model),
    totals as (
        select *, model is null or input_price is not null as is_priced,
            cast(round((ins - cached) * coalesce(input_price, 0), 0) as bigint) as total_1,
            cast(round((ins - cached) * coalesce(input_price, 0) + cached * coalesce(cached_price, 0), 0) as bigint)
            as total_2,
            cast(round((ins - cached) * coalesce(input_price, 0) + cached * coalesce(cached_price, 0)
                + outs * coalesce(output_price, 0), 0) as bigint) as total_3
        from counted)
    select t.tenant_id, message_id, t.session_id, created_at, cast(local as date) as day, hour(local) as hour, role,
        s.variant, model, ins as input_tokens, cached as cached_tokens, outs as output_tokens, latency_ms, text_length,
        case when is_priced then total_1 end as input_cost_micros,
        case when is_priced then total_2 - total_1 end as cached_cost_micros,
        case when is_priced then total_3 - total_2 end as output_cost_micros,
        case when is_priced then total_3 end as cost_micros
    from totals as t left join staging.files.chat_sessions as s using (session_id)""",
    """create or replace table sessions as
    with m as (select session_id, count(*) as messages, count(*) filter (role = 'user') as user_messages,
            count(*) filter (role = 'assistant') as assistant_messages, count(*) - count(cost_micros) as without_cost,
            sum(input_tokens) as input_tokens, sum(cached_tokens) as cached_tokens,
            sum(output_tokens) as output_tokens, sum(cost_micros) as cost_micros, min(created_at) as first_at,
            max(created_at) as last_at
        from messages group by session_id)
    select session_id, coalesce(s.started_at, m.first_at) as started_at, coalesce(s.ended_at, m.last_at) as ended_at,
        cast(timezone('Europe/Lisbon', timezone('UTC', coalesce(s.started_at, m.first_at))) as date) as day,
        s.visitor_id, s.variant, s.language, s.satisfaction, m.* exclude (session_id)
    from staging.files.chat_sessions as s full join m using (session_id)""",
    """create or replace table usage as
    select day, variant, model, count(*) as messages, sum(input_tokens) as input_tokens,
        sum(cached_tokens) as cached_tokens, sum(output_tokens) as output_tokens, sum(cost_micros) as cost_micros
    from messages where model is not null group by day, variant, model""",
)
SAME = {
    "chat_messages": ("messages", "count(*), sum(cost_micros), sum(cached_cost_micros), sum(hour_of_day)",
                      "count(*), sum(cost_micros), sum(cached_cost_micros), sum(hour)"),
    "chat_sessions": ("sessions", "count(*), sum(messages), sum(cost_micros), count(distinct date_day)",
                      "count(*), sum(messages), sum(cost_micros), count(distinct day)"),
    "model_usage_daily": ("usage", "count(*), sum(messages), sum(cost_micros)",
                          "count(*), sum(messages), sum(cost_micros)"),
}  # fmt: skip


def main() -> None:
    """Print the seconds of both ways, and their ratio."""
    measure(Comparison(__doc__ or "", MODELS, ROWS, PLAIN, SAME))


if __name__ == "__main__":
    main()

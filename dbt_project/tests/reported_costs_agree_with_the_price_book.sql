-- Months in which what the assistant itself reports as its costs differs by more than 1 % from the price book, over the
-- messages of which both are known. A warning: an application may have old prices in its code.
{{ config(severity='warn', meta={'text': 'message'}) }}
with months as (
    select
        tenant_id,
        source,
        source_account,
        cast(date_trunc('month', date_day) as date) as first_day,
        cast(sum(own_cost_micros) as bigint) as ours,
        cast(sum(reported_cost_micros) as bigint) as theirs
    from {{ ref('chat_messages') }}
    where own_cost_micros is not null and reported_cost_micros is not null
    group by tenant_id, source, source_account, cast(date_trunc('month', date_day) as date)
)

select
    tenant_id,
    source,
    source_account,
    first_day,
    ours,
    theirs,
    source || ' account ' || source_account || ' of tenant ' || tenant_id || ': the assistant reports costs of '
    || {{ major_text('theirs') }} || ' USD for the month of ' || first_day || ', the price book gives '
    || {{ major_text('ours') }} || ' USD for the same messages. Compare the prices in the application with those of '
    || 'the price book, and add your own to model_prices.csv' as message
from months
where abs(ours - theirs) > 10000 and abs(ours - theirs) * 100 > greatest(ours, theirs)

-- The rows of a visit repeat what made its product: equal values of one visit, vault and product are one generation. A
-- refund row repeats them later and is left out.
select
    tenant_id,
    visit_key,
    vault_id,
    niche,
    product_name,
    ai_style,
    ai_prompt_version,
    ai_version,
    language,
    min(date_day) as date_day,
    ai_generation_success as is_success,
    cast(ai_latency_micros as {{ float_type() }}) / 1000000 as latency_seconds,
    cast(case when ai_generation_success is null then 0 else 1 end as bigint) as generations,
    cast(case when ai_generation_success then 1 else 0 end as bigint) as successes,
    cast(case when not ai_generation_success then 1 else 0 end as bigint) as failures
from {{ ref('int_event_log') }}
where
    funnel_stage in ('visit', 'cart', 'purchase')
    and (ai_generation_success is not null or ai_latency_micros is not null)
group by
    tenant_id, visit_key, vault_id, niche, product_name, ai_style, ai_prompt_version, ai_version, language,
    ai_generation_success, ai_latency_micros

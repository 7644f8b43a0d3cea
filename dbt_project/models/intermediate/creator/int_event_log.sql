-- A view: each reader takes a few of its columns and rows, and a table of all of them takes longer to write.
-- A row without a visit is a visit of its own: visit_key. Without a product it belongs to the product of no name.
{{ config(materialized='view') }}
with log as (select * from {{ ref('stg_records__event_log') }}),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

countries as (select * from {{ ref('countries') }})

select
    log.tenant_id,
    log.source,
    log.source_account,
    log.row_id,
    log.funnel_stage,
    log.sale_datetime as logged_at,
    {{ local_day('log.sale_datetime', 'tenants.time_zone') }} as date_day,
    lpad(cast({{ local_hour('log.sale_datetime', 'tenants.time_zone') }} as varchar), 2, '0') || ':00' as hour_of_day,
    log.visit_id,
    case
        when log.visit_id is null then 'row ' || log.source || '/' || log.source_account || '/' || log.row_id
        else 'visit ' || log.visit_id
    end as visit_key,
    log.vault_id,
    coalesce(log.niche, '(unknown)') as niche,
    coalesce(log.product_name, '(unknown)') as product_name,
    coalesce(log.ai_style, '(unknown)') as ai_style,
    coalesce(log.ai_prompt_version, '(unknown)') as ai_prompt_version,
    coalesce(log.ai_version, '(unknown)') as ai_version,
    log.ai_generation_success,
    log.ai_latency_micros,
    coalesce(log.language, '(unknown)') as language,
    upper(log.country) as country_code,
    coalesce(countries.country, upper(log.country), '(unknown)') as country,
    coalesce(countries.region, '(unknown)') as region,
    coalesce(log.customer_type, '(unknown)') as customer_type,
    log.delivery_success,
    coalesce(log.refund, false) as is_flagged_as_refunded,
    log.refund_reason,
    {{ to_minor('log.sale_amount', 100) }} as own_amount_minor
from log
inner join tenants using (tenant_id)
left join countries on upper(log.country) = countries.country_code

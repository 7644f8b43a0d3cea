with accounts as (select * from {{ ref('stg_tiktok_ads__accounts') }}),

campaigns as (select * from {{ source('tiktok_ads', 'campaigns') }}),

days as (
    select
        tenant_id,
        source_account,
        date_day,
        campaign_id,
        max(campaign_name) as campaign_name,
        {{ sum_of_stated('spend_micros') }} as spend_micros,
        sum(impressions) as impressions,
        sum(clicks) as clicks,
        sum(complete_payments) as purchases,
        sum(complete_payment_value_micros) as purchase_value_micros,
        max(run_id) as run_id,
        max(landing_part) as landing_part
    from {{ source('tiktok_ads', 'campaign_insights') }}
    group by tenant_id, source_account, date_day, campaign_id
)

select
    days.tenant_id,
    accounts.source,
    days.source_account,
    days.date_day,
    days.campaign_id,
    coalesce(campaigns.name, {{ newest_name('days', 'campaign') }}, days.campaign_id) as campaign_name,
    cast(days.spend_micros as bigint) as spend_micros,
    {%- for name in ad_measures() if name != 'spend_micros' %}
        cast(coalesce(days.{{ name }}, 0) as bigint) as {{ name }},
    {%- endfor %}
    days.run_id,
    days.landing_part
from days
inner join accounts using (tenant_id, source_account)
left join campaigns using (tenant_id, source_account, campaign_id)

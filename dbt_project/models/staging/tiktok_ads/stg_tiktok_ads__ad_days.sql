with accounts as (select * from {{ ref('stg_tiktok_ads__accounts') }}),

campaigns as (select * from {{ source('tiktok_ads', 'campaigns') }}),

ad_groups as (select * from {{ source('tiktok_ads', 'ad_groups') }}),

ads as (select * from {{ source('tiktok_ads', 'ads') }}),

integrated as (
    select
        tenant_id,
        source_account,
        'insights' as report,
        date_day,
        campaign_id,
        ad_group_id as ad_set_id,
        ad_id,
        max(campaign_name) as campaign_name,
        max(ad_group_name) as ad_set_name,
        max(ad_name) as ad_name,
        sum(spend_micros) as spend_micros,
        sum(impressions) as impressions,
        sum(clicks) as clicks,
        sum(complete_payments) as purchases,
        sum(complete_payment_value_micros) as purchase_value_micros,
        max(run_id) as run_id,
        max(landing_part) as landing_part
    from {{ source('tiktok_ads', 'ads_insights') }}
    group by tenant_id, source_account, date_day, campaign_id, ad_group_id, ad_id
),

gmv_max as (
    select
        tenant_id,
        source_account,
        'gmv_max' as report,
        date_day,
        campaign_id,
        '(GMV Max)' as ad_set_id,
        '(GMV Max)' as ad_id,
        cast(null as varchar) as campaign_name,
        '(GMV Max)' as ad_set_name,
        '(GMV Max)' as ad_name,
        sum(cost_micros) as spend_micros,
        0 as impressions,
        0 as clicks,
        0 as purchases,
        0 as purchase_value_micros,
        max(run_id) as run_id,
        max(landing_part) as landing_part
    from {{ source('tiktok_ads', 'gmv_max_insights') }}
    group by tenant_id, source_account, date_day, campaign_id
),

days as (
    select * from integrated
    union all
    select * from gmv_max
)

select
    days.tenant_id,
    accounts.source,
    days.source_account,
    days.report,
    days.date_day,
    days.campaign_id,
    coalesce(campaigns.name, {{ newest_name('days', 'campaign') }}, days.campaign_id) as campaign_name,
    days.ad_set_id,
    coalesce(ad_groups.name, {{ newest_name('days', 'ad_set') }}, days.ad_set_id) as ad_set_name,
    days.ad_id,
    coalesce(ads.name, {{ newest_name('days', 'ad') }}, days.ad_id) as ad_name,
    {%- for name in ad_measures() %}
        cast(coalesce(days.{{ name }}, 0) as bigint) as {{ name }},
    {%- endfor %}
    days.run_id,
    days.landing_part
from days
inner join accounts using (tenant_id, source_account)
left join campaigns using (tenant_id, source_account, campaign_id)
left join ads using (tenant_id, source_account, ad_id)
left join ad_groups
    on
        days.tenant_id = ad_groups.tenant_id
        and days.source_account = ad_groups.source_account
        and days.ad_set_id = ad_groups.ad_group_id

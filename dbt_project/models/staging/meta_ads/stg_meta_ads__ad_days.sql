-- Actions are joined by their whole key, so that no spend is doubled.
with days as (select * from {{ source('meta_ads', 'ads_insights') }}),

actions as (select * from {{ source('meta_ads', 'ads_actions') }}),

accounts as (select * from {{ ref('stg_meta_ads__accounts') }}),

campaigns as (select * from {{ source('meta_ads', 'campaigns') }}),

ad_sets as (select * from {{ source('meta_ads', 'ad_sets') }}),

ads as (select * from {{ source('meta_ads', 'ads') }})

select
    days.tenant_id,
    accounts.source,
    days.source_account,
    'insights' as report,
    days.date_day,
    days.campaign_id,
    coalesce(campaigns.name, {{ newest_name('days', 'campaign') }}, days.campaign_id) as campaign_name,
    days.ad_set_id,
    coalesce(ad_sets.name, {{ newest_name('days', 'ad_set') }}, days.ad_set_id) as ad_set_name,
    days.ad_id,
    coalesce(ads.name, {{ newest_name('days', 'ad') }}, days.ad_id) as ad_name,
    coalesce(days.spend_micros, 0) as spend_micros,
    days.impressions,
    days.clicks,
    cast(round(coalesce(actions.action_count, 0), 0) as bigint) as purchases,
    coalesce(actions.value_micros, 0) as purchase_value_micros,
    days.run_id,
    days.landing_part
from days
inner join accounts using (tenant_id, source_account)
left join campaigns using (tenant_id, source_account, campaign_id)
left join ad_sets using (tenant_id, source_account, ad_set_id)
left join ads using (tenant_id, source_account, ad_id)
left join actions
    on
        days.tenant_id = actions.tenant_id
        and days.source_account = actions.source_account
        and days.date_day = actions.date_day
        and days.ad_id = actions.ad_id
        and accounts.purchase_action = actions.action_type
        and accounts.attribution_window = actions.action_window

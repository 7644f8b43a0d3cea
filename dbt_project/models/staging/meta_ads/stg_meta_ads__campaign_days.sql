with days as (select * from {{ source('meta_ads', 'campaign_insights') }}),

actions as (select * from {{ source('meta_ads', 'campaign_actions') }}),

accounts as (select * from {{ ref('stg_meta_ads__accounts') }}),

campaigns as (select * from {{ source('meta_ads', 'campaigns') }})

select
    days.tenant_id,
    accounts.source,
    days.source_account,
    days.date_day,
    days.campaign_id,
    coalesce(campaigns.name, {{ newest_name('days', 'campaign') }}, days.campaign_id) as campaign_name,
    {{ stated_spend('days.spend_micros') }} as spend_micros,
    days.impressions,
    days.clicks,
    cast(round(coalesce(actions.action_count, 0), 0) as bigint) as purchases,
    coalesce(actions.value_micros, 0) as purchase_value_micros,
    days.run_id,
    days.landing_part
from days
inner join accounts using (tenant_id, source_account)
left join campaigns using (tenant_id, source_account, campaign_id)
left join actions
    on
        days.tenant_id = actions.tenant_id
        and days.source_account = actions.source_account
        and days.date_day = actions.date_day
        and days.campaign_id = actions.campaign_id
        and accounts.purchase_action = actions.action_type
        and accounts.attribution_window = actions.action_window

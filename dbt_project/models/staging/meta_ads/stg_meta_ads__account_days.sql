with days as (select * from {{ source('meta_ads', 'account_insights') }}),

actions as (select * from {{ source('meta_ads', 'account_actions') }}),

accounts as (select * from {{ ref('stg_meta_ads__accounts') }})

select
    days.tenant_id,
    accounts.source,
    days.source_account,
    'insights' as report,
    days.date_day,
    {{ stated_spend('days.spend_micros') }} as spend_micros,
    days.impressions,
    days.clicks,
    cast(round(coalesce(actions.action_count, 0), 0) as bigint) as purchases,
    coalesce(actions.value_micros, 0) as purchase_value_micros
from days
inner join accounts using (tenant_id, source_account)
left join actions
    on
        days.tenant_id = actions.tenant_id
        and days.source_account = actions.source_account
        and days.date_day = actions.date_day
        and accounts.purchase_action = actions.action_type
        and accounts.attribution_window = actions.action_window

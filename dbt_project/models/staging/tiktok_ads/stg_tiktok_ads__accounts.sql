with accounts as (
    select * from {{ ref('stg_takings__accounts') }}
    where source = 'tiktok_ads'
),

advertisers as (select * from {{ source('tiktok_ads', 'advertiser') }}),

currencies as (select * from {{ ref('currencies') }})

select
    accounts.tenant_id,
    accounts.source,
    accounts.source_account,
    'TikTok' as platform,
    advertisers.time_zone as account_time_zone,
    advertisers.currency as account_currency,
    currencies.minor_units as account_minor_units,
    'complete_payment' as purchase_action,
    'default' as attribution_window
from accounts
inner join advertisers using (tenant_id, source_account)
left join currencies on advertisers.currency = currencies.currency

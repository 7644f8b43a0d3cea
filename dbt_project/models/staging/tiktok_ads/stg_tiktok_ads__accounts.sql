-- The advertisers that count. A purchase is a complete_payment, in the windows of each ad group.
with accounts as (
    select * from {{ ref('stg_takings__accounts') }}
    where source = 'tiktok_ads'
),

told as (select * from {{ source('tiktok_ads', 'advertiser') }}),

currencies as (select * from {{ ref('currencies') }})

select
    accounts.tenant_id,
    accounts.source,
    accounts.source_account,
    'TikTok' as platform,
    told.time_zone as account_time_zone,
    told.currency as account_currency,
    currencies.minor_units as account_minor_units,
    'complete_payment' as purchase_action,
    'default' as attribution_window
from accounts
inner join told using (tenant_id, source_account)
left join currencies on told.currency = currencies.currency

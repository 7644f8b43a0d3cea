-- One purchase is reported as several action types, so exactly one counts per account; they are never added up.
with accounts as (
    select * from {{ ref('stg_takings__accounts') }}
    where source = 'meta_ads'
),

ad_accounts as (select * from {{ source('meta_ads', 'account') }}),

omni as (
    select distinct
        tenant_id,
        source_account,
        action_type
    from {{ source('meta_ads', 'account_actions') }}
    where action_type = 'omni_purchase'
),

currencies as (select * from {{ ref('currencies') }})

select
    accounts.tenant_id,
    accounts.source,
    accounts.source_account,
    'Meta' as platform,
    ad_accounts.time_zone as account_time_zone,
    ad_accounts.currency as account_currency,
    currencies.minor_units as account_minor_units,
    coalesce(accounts.purchase_action, omni.action_type, 'purchase') as purchase_action,
    coalesce(accounts.attribution_window, 'default') as attribution_window
from accounts
inner join ad_accounts using (tenant_id, source_account)
left join omni using (tenant_id, source_account)
left join currencies on ad_accounts.currency = currencies.currency

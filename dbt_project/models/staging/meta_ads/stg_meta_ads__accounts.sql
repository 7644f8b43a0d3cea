-- The ad accounts that count, each with the one action type that is a purchase there: as configured, else omni_purchase
-- if the account has ever reported it, else purchase. Never chosen by row, never added up: one purchase comes as many.
with accounts as (
    select * from {{ ref('stg_takings__accounts') }}
    where source = 'meta_ads'
),

told as (select * from {{ source('meta_ads', 'account') }}),

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
    told.time_zone as account_time_zone,
    told.currency as account_currency,
    currencies.minor_units as account_minor_units,
    coalesce(accounts.purchase_action, omni.action_type, 'purchase') as purchase_action,
    coalesce(accounts.attribution_window, 'default') as attribution_window
from accounts
inner join told using (tenant_id, source_account)
left join omni using (tenant_id, source_account)
left join currencies on told.currency = currencies.currency

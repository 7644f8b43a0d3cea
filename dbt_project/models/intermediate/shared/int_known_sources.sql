-- A number of a source that a tenant does not have is unknown, which is not zero.
with tenants as (select * from {{ ref('stg_takings__tenants') }}),

accounts as (
    select
        tenant_id,
        max(case when source = 'shopify' then 1 else 0 end) as shops,
        max(case when source in ('meta_ads', 'tiktok_ads') then 1 else 0 end) as ad_accounts,
        max(case when source = 'stripe' then 1 else 0 end) as stripe_accounts
    from {{ ref('stg_takings__accounts') }}
    group by tenant_id
),

events as (select distinct tenant_id from {{ ref('events') }}),

reported_visits as (select distinct tenant_id from {{ ref('int_shop_sessions') }}),

expenses as (select distinct tenant_id from {{ ref('int_expenses') }})

select
    tenants.tenant_id,
    coalesce(accounts.shops, 0) = 1 as has_shop,
    coalesce(accounts.ad_accounts, 0) = 1 as has_ads,
    coalesce(accounts.stripe_accounts, 0) = 1 as has_stripe,
    events.tenant_id is not null as has_events,
    events.tenant_id is not null or reported_visits.tenant_id is not null as has_visits,
    expenses.tenant_id is not null as has_expenses
from tenants
left join accounts using (tenant_id)
left join events using (tenant_id)
left join reported_visits using (tenant_id)
left join expenses using (tenant_id)

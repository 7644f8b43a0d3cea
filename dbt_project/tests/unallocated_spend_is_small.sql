-- Spend that no ad explains, by account: more than half a percent of the newest 28 days, and each month with days on
-- which no ad explains anything. A warning: the spend is counted, but not by ad.
{{ config(severity='warn', meta={'text': 'message'}) }}
with days as (
    select
        tenant_id,
        source,
        source_account,
        platform,
        account_currency,
        date_day,
        sum(own_spend_micros) as spend,
        sum(case when is_unallocated then own_spend_micros else 0 end) as unallocated,
        sum(case when is_unallocated then 0 else 1 end) as ads
    from {{ ref('spend') }}
    group by tenant_id, source, source_account, platform, account_currency, date_day
),

newest as (
    select
        tenant_id,
        source,
        source_account,
        max(date_day) as date_day
    from days
    group by tenant_id, source, source_account
),

recent as (
    select
        days.tenant_id,
        days.source,
        days.source_account,
        days.platform,
        days.account_currency,
        min(days.date_day) as first_day,
        max(days.date_day) as last_day,
        sum(days.spend) as spend,
        sum(days.unallocated) as unallocated,
        'belongs to no ad' as finding
    from days
    inner join newest using (tenant_id, source, source_account)
    where days.date_day > newest.date_day - 28
    group by days.tenant_id, days.source, days.source_account, days.platform, days.account_currency
    having abs(sum(days.unallocated)) * 200 > sum(days.spend)
),

months as (
    select
        tenant_id,
        source,
        source_account,
        platform,
        account_currency,
        min(case when ads = 0 and spend <> 0 then date_day end) as first_day,
        max(case when ads = 0 and spend <> 0 then date_day end) as last_day,
        sum(spend) as spend,
        sum(case when ads = 0 then spend else 0 end) as unallocated,
        'of the month is on days without any ad' as finding
    from days
    group by tenant_id, source, source_account, platform, account_currency, date_trunc('month', date_day)
    having sum(case when ads = 0 then abs(spend) else 0 end) > 0
),

findings as (
    select * from recent
    union all
    select * from months
)

select
    tenant_id,
    source,
    source_account,
    first_day,
    last_day,
    spend,
    unallocated,
    platform || ' ad account ' || source_account || ' of tenant ' || tenant_id
    || ', ' || first_day || ' to ' || last_day || ': '
    || coalesce(cast(cast(unallocated * 100.0 / nullif(spend, 0) as decimal(9, 1)) as varchar) || ' %', 'all')
    || ' of the spend (' || {{ major_text('unallocated') }} || ' of ' || {{ major_text('spend') }} || ' '
    || account_currency || ') ' || finding
    || '. Ads that were deleted before they were first read explain it; otherwise backfill these days in Dagster'
        as message
from findings

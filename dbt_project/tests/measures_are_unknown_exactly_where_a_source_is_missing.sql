-- Rows whose measure is zero although its source is missing, or empty although the tenant has it.
with known_sources as (select * from {{ ref('int_known_sources') }})

select
    days.tenant_id,
    days.source,
    days.channel,
    days.date_day
from {{ ref('metrics_daily') }} as days
inner join known_sources using (tenant_id)
where
    (days.net_sales_minor is not null) <> known_sources.has_shop
    or (days.cost_of_goods_minor is not null) <> known_sources.has_shop
    or (days.ad_spend_minor is not null) <> known_sources.has_ads
    or (days.cash_received_minor is not null) <> known_sources.has_stripe
    or (days.sessions is not null) <> known_sources.has_visits
    or (days.user_days is not null) <> known_sources.has_events
    or (days.operating_expenses_minor is not null) <> known_sources.has_expenses

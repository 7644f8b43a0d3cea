with days as (select * from {{ ref('int_ad_account_days') }}),

rates as (select * from {{ ref('int_exchange_rates') }})

select
    days.tenant_id,
    days.source,
    days.platform || ' Ads' as channel,
    days.date_day,
    sum({{ micros_to_minor('days.spend_micros', 'rates.rate', 'rates.minor_units') }}) as ad_spend_minor,
    sum(days.impressions) as impressions,
    sum(days.clicks) as clicks,
    sum(days.purchases) as platform_purchases,
    sum(
        {{ micros_to_minor('days.purchase_value_micros', 'rates.rate', 'rates.minor_units') }}
    ) as platform_purchase_value_minor
from days
left join rates
    on
        days.tenant_id = rates.tenant_id
        and days.account_currency = rates.order_currency
        and days.date_day = rates.date_day
group by 1, 2, 3, 4

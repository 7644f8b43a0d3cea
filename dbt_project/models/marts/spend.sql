-- Advertising by account, campaign, ad set, ad and day, and what no ad explains as a row of its own, so that each level
-- adds up to the account's day. Converted from the running total of a day: no part of a micro is lost.
{%- set nowhere = '(deleted or unallocated)' %}
with ads as (
    select
        *,
        false as is_unallocated
    from {{ ref('int_ad_days') }}
),

days as (select * from {{ ref('int_ad_account_days') }}),

rates as (select * from {{ ref('int_exchange_rates') }}),

explained as (
    select
        tenant_id,
        source,
        source_account,
        date_day,
    {%- for name in ad_measures() %}
        sum({{ name }}) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
    from ads
    group by all
),

remainder as (
    select
        days.tenant_id,
        days.source,
        days.source_account,
        days.date_day,
        '{{ nowhere }}' as campaign_id,
        '{{ nowhere }}' as campaign_name,
        '{{ nowhere }}' as ad_set_id,
        '{{ nowhere }}' as ad_set_name,
        '{{ nowhere }}' as ad_id,
        '{{ nowhere }}' as ad_name,
        {%- for name in ad_measures() %}
            cast(days.{{ name }} - coalesce(explained.{{ name }}, 0) as bigint) as {{ name }},
        {%- endfor %}
        true as is_unallocated
    from days
    left join explained using (tenant_id, source, source_account, date_day)
),

everything as (
    select * from ads
    union all by name
    select * from remainder
    where
        spend_micros <> 0
        or impressions <> 0
        or clicks <> 0
        or purchases <> 0
        or purchase_value_micros <> 0
)

select
    everything.tenant_id,
    everything.source,
    everything.source_account,
    days.platform,
    everything.campaign_id,
    everything.campaign_name,
    everything.ad_set_id,
    everything.ad_set_name,
    everything.ad_id,
    everything.ad_name,
    everything.is_unallocated,
    everything.date_day,
    days.account_time_zone,
    days.zone_differs,
    days.account_currency,
    rates.currency,
    rates.minor_units,
    rates.rate,
    rates.rate_date,
    {%- for name in ['spend_micros', 'purchase_value_micros'] %}
        {{ share_of_the_day('everything.' ~ name, 'rates.rate') }} as {{ name }},
        everything.{{ name }} as own_{{ name }},
    {%- endfor %}
    everything.impressions,
    everything.clicks,
    everything.purchases,
    days.as_of,
    everything.run_id,
    everything.landing_part
from everything
inner join days using (tenant_id, source, source_account, date_day)
left join rates
    on
        everything.tenant_id = rates.tenant_id
        and days.account_currency = rates.order_currency
        and everything.date_day = rates.date_day
window
    until_here as (
        partition by everything.tenant_id, everything.source, everything.source_account, everything.date_day
        order by everything.campaign_id, everything.ad_set_id, everything.ad_id
        rows unbounded preceding
    )

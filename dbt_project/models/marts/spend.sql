-- Spend without an ad is a row of its own, so that each level adds up to the account's day. Amounts are converted from
-- the running total of a day: no fraction of a micro is lost.
{%- set unallocated = '(deleted or unallocated)' %}
with ads as (
    select
        *,
        false as is_unallocated
    from {{ ref('int_ad_days') }}
),

days as (select * from {{ ref('int_ad_account_days') }}),

rates as (select * from {{ ref('int_exchange_rates') }}),

ad_sums as (
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
        '{{ unallocated }}' as campaign_id,
        '{{ unallocated }}' as campaign_name,
        '{{ unallocated }}' as ad_set_id,
        '{{ unallocated }}' as ad_set_name,
        '{{ unallocated }}' as ad_id,
        '{{ unallocated }}' as ad_name,
        {%- for name in ad_measures() %}
            cast(days.{{ name }} - coalesce(ad_sums.{{ name }}, 0) as bigint) as {{ name }},
        {%- endfor %}
        true as is_unallocated
    from days
    left join ad_sums using (tenant_id, source, source_account, date_day)
),

all_rows as (
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
    all_rows.tenant_id,
    all_rows.source,
    all_rows.source_account,
    days.platform,
    all_rows.campaign_id,
    all_rows.campaign_name,
    all_rows.ad_set_id,
    all_rows.ad_set_name,
    all_rows.ad_id,
    all_rows.ad_name,
    all_rows.is_unallocated,
    all_rows.date_day,
    days.account_time_zone,
    days.zone_differs,
    days.account_currency,
    rates.currency,
    rates.minor_units,
    rates.rate,
    rates.rate_date,
    {%- for name in ['spend_micros', 'purchase_value_micros'] %}
        {{ convert_part_of_day('all_rows.' ~ name, 'rates.rate') }} as {{ name }},
        all_rows.{{ name }} as own_{{ name }},
    {%- endfor %}
    all_rows.impressions,
    all_rows.clicks,
    all_rows.purchases,
    days.as_of,
    all_rows.run_id,
    all_rows.landing_part
from all_rows
inner join days using (tenant_id, source, source_account, date_day)
left join rates
    on
        all_rows.tenant_id = rates.tenant_id
        and days.account_currency = rates.order_currency
        and all_rows.date_day = rates.date_day
window
    running_day as (
        partition by all_rows.tenant_id, all_rows.source, all_rows.source_account, all_rows.date_day
        order by all_rows.campaign_id, all_rows.ad_set_id, all_rows.ad_id
        rows unbounded preceding
    )

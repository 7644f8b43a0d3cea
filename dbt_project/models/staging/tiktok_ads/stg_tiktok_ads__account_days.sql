with accounts as (select * from {{ ref('stg_tiktok_ads__accounts') }}),

integrated as (
    select
        tenant_id,
        source_account,
        date_day,
        'insights' as report,
        {{ sum_of_stated('spend_micros') }} as spend_micros,
        sum(impressions) as impressions,
        sum(clicks) as clicks,
        sum(complete_payments) as purchases,
        sum(complete_payment_value_micros) as purchase_value_micros
    from {{ source('tiktok_ads', 'advertiser_insights') }}
    group by tenant_id, source_account, date_day
),

gmv_max as (
    select
        tenant_id,
        source_account,
        date_day,
        'gmv_max' as report,
        {{ sum_of_stated('cost_micros') }} as spend_micros,
        0 as impressions,
        0 as clicks,
        0 as purchases,
        0 as purchase_value_micros
    from {{ source('tiktok_ads', 'gmv_max_totals') }}
    group by tenant_id, source_account, date_day
),

days as (
    select * from integrated
    union all
    select * from gmv_max
)

select
    days.tenant_id,
    accounts.source,
    days.source_account,
    days.report,
    days.date_day,
    cast(days.spend_micros as bigint) as spend_micros,
{%- for name in ad_measures() if name != 'spend_micros' %}
    cast(coalesce(days.{{ name }}, 0) as bigint) as {{ name }}{{ ',' if not loop.last }}
{%- endfor %}
from days
inner join accounts using (tenant_id, source_account)

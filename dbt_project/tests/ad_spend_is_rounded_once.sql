-- Days of a platform whose amounts in minor units differ from its micros by more than the rounding of its accounts'
-- days: at most half a minor unit each.
with days as (
    select
        tenant_id,
        source,
        date_day,
        sum(spend_micros) * max(minor_units) as spend,
        sum(purchase_value_micros) * max(minor_units) as purchase_value,
        count(distinct source_account) as accounts
    from {{ ref('spend') }}
    group by tenant_id, source, date_day
)

select
    days.tenant_id,
    days.source,
    days.date_day,
    metrics.ad_spend_minor,
    days.spend
from days
inner join {{ ref('metrics_daily') }} as metrics using (tenant_id, source, date_day)
where
    abs(metrics.ad_spend_minor * 1000000 - days.spend) > days.accounts * 500000
    or abs(metrics.platform_purchase_value_minor * 1000000 - days.purchase_value) > days.accounts * 500000

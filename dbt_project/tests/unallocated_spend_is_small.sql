-- Accounts whose last 28 days have more than half a percent of spend without an ad. A warning: the spend is counted,
-- but no campaign explains it.
{{ config(severity='warn') }}
with newest as (
    select
        tenant_id,
        source,
        source_account,
        max(date_day) as date_day
    from {{ ref('spend') }}
    group by all
)

select
    spend.tenant_id,
    spend.source,
    spend.source_account,
    sum(spend.own_spend_micros) as own_spend_micros,
    sum(spend.own_spend_micros) filter (where spend.is_unallocated) as own_unallocated_micros
from {{ ref('spend') }} as spend
inner join newest using (tenant_id, source, source_account)
where spend.date_day > newest.date_day - 28
group by all
having abs(sum(spend.own_spend_micros) filter (where spend.is_unallocated)) * 200 > sum(spend.own_spend_micros)

select
    tenant_id,
    source,
    channel,
    date_day,
    sum(cash_received_minor) as cash_received_minor,
    sum(cash_fees_minor) as cash_fees_minor,
    sum(cash_refunded_minor) as cash_refunded_minor,
    sum(disputes_minor) as disputes_minor,
    sum(payouts_minor) as payouts_minor,
    sum(cash_other_minor) as cash_other_minor,
    sum(balance_change_minor) as balance_change_minor,
    sum(case when order_id is null then cash_received_minor else 0 end) as direct_revenue_minor
from {{ ref('cash') }}
group by tenant_id, source, channel, date_day

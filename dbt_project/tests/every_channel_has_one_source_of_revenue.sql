-- Channels with two sources of revenue: their days would be doubled.
select
    source,
    channel,
    count(distinct revenue_source) as sources_of_revenue
from {{ ref('channels') }}
group by source, channel
having count(distinct revenue_source) > 1

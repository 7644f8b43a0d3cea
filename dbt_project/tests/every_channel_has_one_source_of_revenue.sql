-- A channel with two sources of revenue would have its days twice.
select
    source,
    channel,
    count(distinct revenue_source) as sources_of_revenue
from {{ ref('channels') }}
group by all
having count(distinct revenue_source) > 1

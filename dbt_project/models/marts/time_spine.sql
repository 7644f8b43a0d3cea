-- All days that a mart holds, and some around them.
with days as (select date_day from {{ ref('metrics_daily') }}),

ranges as (
    select
        coalesce(min(date_day), current_date) - 31 as first_day,
        coalesce(max(date_day), current_date) + 366 as last_day
    from days
)

select {{ each_date('day', 'first_day', 'last_day') }} as date_day
from ranges

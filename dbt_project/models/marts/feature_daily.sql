with uses as (
    select
        tenant_id,
        source,
        feature,
        date_day,
        count(*) as feature_uses,
        count(distinct user_key) as feature_users
    from {{ ref('events') }}
    where event_name = 'feature_used' and feature is not null
    group by tenant_id, source, feature, date_day
),

days as (select * from {{ ref('activity_daily') }})

select
    uses.tenant_id,
    uses.source,
    uses.feature,
    uses.date_day,
    uses.feature_uses,
    uses.feature_users,
    days.active_users
from uses
inner join days using (tenant_id, source, date_day)

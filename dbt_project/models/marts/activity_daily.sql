-- A person counts as monthly active from each of their days until 29 days later, or until their next day starts a new
-- period: each day adds and removes people, and the running sum is the number of active people.
with events as (select * from {{ ref('events') }}),

days as (
    select
        tenant_id,
        source,
        date_day,
        count(distinct user_id) as daily_users,
        count(distinct user_key) as active_users,
        count(*) as events
    from events
    group by tenant_id, source, date_day
),

visits as (
    select
        tenant_id,
        source,
        date_day,
        count(*) as sessions
    from {{ ref('sessions') }}
    group by tenant_id, source, date_day
),

ranges as (
    select
        tenant_id,
        source,
        min(date_day) as first_day,
        max(date_day) as last_day
    from days
    group by tenant_id, source
),

spine as (
    select
        tenant_id,
        source,
        {{ each_date('day', 'first_day', 'last_day') }} as date_day
    from ranges
),

person_days as (
    select distinct
        tenant_id,
        source,
        user_key,
        date_day
    from events
    where user_key is not null
),

people as (
    select
        *,
        lead(date_day) over (partition by tenant_id, source, user_key order by date_day) as next_day
    from person_days
),

changes as (
    select
        tenant_id,
        source,
        date_day,
        1 as people
    from people
    union all
    select
        tenant_id,
        source,
        least(date_day + 30, next_day) as date_day,
        -1 as people
    from people
),

daily_changes as (
    select
        tenant_id,
        source,
        date_day,
        sum(people) as people
    from changes
    group by tenant_id, source, date_day
)

select
    spine.tenant_id,
    spine.source,
    spine.date_day,
    coalesce(days.daily_users, 0) as daily_users,
    coalesce(days.active_users, 0) as active_users,
    cast(coalesce(sum(daily_changes.people) over running, 0) as bigint) as mau,
    coalesce(visits.sessions, 0) as sessions,
    coalesce(days.events, 0) as events
from spine
left join days using (tenant_id, source, date_day)
left join visits using (tenant_id, source, date_day)
left join daily_changes using (tenant_id, source, date_day)
window
    running as (
        partition by spine.tenant_id, spine.source
        order by spine.date_day
        rows unbounded preceding
    )

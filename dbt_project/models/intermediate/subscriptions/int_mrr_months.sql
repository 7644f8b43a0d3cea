with subscriptions as (select * from {{ ref('stg_stripe__subscriptions') }}),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

cursors as (
    select * from {{ source('takings', 'cursors') }}
    where source = 'stripe' and stream = 'subscriptions'
),

first_syncs as (
    select
        tenant_id,
        source_account,
        min(seen_at) as first_seen_at
    from {{ ref('stg_stripe__subscription_states') }}
    group by tenant_id, source_account
),

accounts as (
    select * from {{ ref('stg_takings__accounts') }}
    where source = 'stripe'
),

-- an account that lags behind has the tenant's months too: it keeps its state, so that no customer seems to leave
last_months as (
    select
        cursors.tenant_id,
        date_trunc('month', max({{ local_day('cursors.loaded_until', 'tenants.time_zone') }})) as last_month
    from cursors
    inner join accounts using (tenant_id, source_account)
    inner join tenants using (tenant_id)
    group by cursors.tenant_id
),

first_months as (
    select
        subscriptions.tenant_id,
        date_trunc('month', min({{ local_day('subscriptions.started_at', 'tenants.time_zone') }})) as first_month
    from subscriptions
    inner join tenants using (tenant_id)
    group by subscriptions.tenant_id
),

months as (
    select
        cursors.tenant_id,
        cursors.source_account,
        cursors.loaded_until,
        tenants.time_zone,
        {{ each_date('month', 'first_months.first_month', 'last_months.last_month') }} as month
    from cursors
    inner join accounts using (tenant_id, source_account)
    inner join tenants using (tenant_id)
    inner join first_months using (tenant_id)
    inner join last_months using (tenant_id)
),

ends as (
    select
        *,
        cast(month + interval '1' month as date) as next_month,
        {{ instant_of_local("month + interval '1' month", 'time_zone') }} as next_month_at
    from months
)

select
    ends.tenant_id,
    ends.source_account,
    ends.month,
    least(ends.next_month_at, ends.loaded_until) as ends_at,
    least(ends.next_month - 1, {{ local_day('ends.loaded_until', 'ends.time_zone') }}) as rate_day,
    ends.next_month_at <= ends.loaded_until as is_complete,
    least(ends.next_month_at, ends.loaded_until) < first_syncs.first_seen_at as is_estimated
from ends
inner join first_syncs using (tenant_id, source_account)

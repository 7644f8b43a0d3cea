with accounts as (
    {{ union_of(
        [ref('stg_meta_ads__accounts'), ref('stg_tiktok_ads__accounts')],
        [
            'tenant_id', 'source', 'source_account', 'platform', 'account_time_zone', 'account_currency',
            'account_minor_units'
        ]
    ) }}
),

totals as (select * from {{ ref('int_ad_account_totals') }}),

ads as (
    {{ ad_sums(ref('int_ad_days'), ['report']) }}
),

-- a macro reads it, which the linter does not see
reports as (  -- noqa: ST03
    select
        tenant_id,
        source,
        source_account,
        report,
        date_day,
    {%- for name in ad_measures() %}
        case when {{ is_stated('totals', 'ads') }} then totals.{{ name }} else coalesce(ads.{{ name }}, 0) end
            as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
    from totals
    full join ads using (tenant_id, source, source_account, report, date_day)
),

days as (
    {{ ad_sums('reports') }}
),

readings as (
    select
        tenant_id,
        source,
        source_account,
        day as date_day,
        min(as_of) as as_of
    from {{ source('takings', 'days_read') }}
    group by tenant_id, source, source_account, day
),

tenants as (select * from {{ ref('stg_takings__tenants') }})

select
    days.*,
    accounts.platform,
    accounts.account_time_zone,
    accounts.account_time_zone <> tenants.time_zone as zone_differs,
    accounts.account_currency,
    accounts.account_minor_units,
    readings.as_of
from days
inner join accounts using (tenant_id, source, source_account)
inner join tenants using (tenant_id)
left join readings using (tenant_id, source, source_account, date_day)

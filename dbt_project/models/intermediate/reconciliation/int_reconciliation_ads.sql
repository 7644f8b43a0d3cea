with totals as (
    {{ ad_sums(ref('int_ad_account_totals')) }}
),

accounts as (
    select distinct
        tenant_id,
        source,
        source_account,
        account_minor_units
    from {{ ref('int_ad_account_days') }}
),

marts as (
    select
        tenant_id,
        source,
        source_account,
        date_day,
        sum(own_spend_micros) as spend_micros,
        sum(impressions) as impressions,
        sum(clicks) as clicks,
        sum(purchases) as purchases,
        sum(own_purchase_value_micros) as purchase_value_micros
    from {{ ref('spend') }}
    group by tenant_id, source, source_account, date_day
),

sides as (
    {%- for side, relation in {'source': 'totals', 'marts': 'marts'}.items() %}
        select
            '{{ side }}' as side,
            tenant_id,
            source,
            source_account,
            date_day,
            {{ ad_measures() | join(', ') }}
        from {{ relation }}
        {{ 'union all' if not loop.last }}
    {%- endfor %}
),

metrics as (
    {%- for metric, value in {
        'ad_spend': micros_to_minor('spend_micros', 1, 'accounts.account_minor_units'),
        'impressions': 'impressions',
        'clicks': 'clicks',
        'platform_purchases': 'purchases',
        'platform_purchase_value': micros_to_minor('purchase_value_micros', 1, 'accounts.account_minor_units'),
    }.items() %}
        select
            sides.tenant_id,
            sides.source,
            sides.source_account,
            sides.date_day,
            sides.side,
            '{{ metric }}' as metric,
            {{ value }} as amount
        from sides
        inner join accounts using (tenant_id, source, source_account)
        {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    tenant_id,
    source,
    source_account,
    date_day,
    metric,
    coalesce(sum(amount) filter (where side = 'marts'), 0) as ours_minor,
    coalesce(sum(amount) filter (where side = 'source'), 0) as theirs_minor
from metrics
group by tenant_id, source, source_account, date_day, metric

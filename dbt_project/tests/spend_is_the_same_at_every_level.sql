-- Days whose advertising is lost or doubled: at each level the rows must add up to the account's own total in its own
-- currency. Days whose account total is missing fail too: there is none beside ads, or the platform states no spend in
-- it, or a negative one.
with totals as (
    {{ ad_sums(ref('int_ad_account_totals')) }}
),

missing as (
    select distinct
        tenant_id,
        source,
        source_account,
        date_day
    from {{ ref('int_ad_account_totals') }}
    where spend_micros is null
),

levels as (
    {%- for level in ['ad', 'ad_set', 'campaign', 'account'] %}
        select
            tenant_id,
            source,
            source_account,
            date_day,
            '{{ level }}' as level,
            sum(own_spend_micros) as spend_micros,
            sum(impressions) as impressions,
            sum(clicks) as clicks,
            sum(purchases) as purchases,
            sum(own_purchase_value_micros) as purchase_value_micros
        from {{ ref('spend') }}
        {{ 'where ' ~ level ~ '_id is not null' if level != 'account' }}
        group by tenant_id, source, source_account, date_day
        {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    tenant_id,
    source_account,
    date_day,
    'account total is missing' as level,
    null as spend_micros,
    null as total_spend_micros
from missing
union all
select
    tenant_id,
    source_account,
    date_day,
    levels.level,
    levels.spend_micros,
    totals.spend_micros as total_spend_micros
from totals
full join levels using (tenant_id, source, source_account, date_day)
left join missing using (tenant_id, source, source_account, date_day)
where
    missing.date_day is null
    and (
        {%- for name in ad_measures() %}
            {{ 'or ' if not loop.first }}coalesce(totals.{{ name }}, 0) <> coalesce(levels.{{ name }}, 0)
        {%- endfor %}
    )

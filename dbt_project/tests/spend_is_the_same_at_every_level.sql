-- Days whose advertising is lost or doubled: at each level the rows must add up to the account's own total in its own
-- currency. Days with ads but without an account total fail too.
with totals as (select * from {{ ref('int_ad_account_totals') }}),

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
        group by all
        {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    tenant_id,
    source_account,
    date_day,
    levels.level,
    levels.spend_micros,
    totals.spend_micros as total_spend_micros
from totals
full join levels using (tenant_id, source, source_account, date_day)
where
    {%- for name in ad_measures() %}
        {{ 'or ' if not loop.first }}coalesce(totals.{{ name }}, 0) <> coalesce(levels.{{ name }}, 0)
    {%- endfor %}

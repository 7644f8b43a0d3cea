with reports as (
    select * from {{ ref('stg_meta_ads__account_days') }}
    union all by name
    select * from {{ ref('stg_tiktok_ads__account_days') }}
)

select
    tenant_id,
    source,
    source_account,
    date_day,
{%- for name in ad_measures() %}
    sum({{ name }}) as {{ name }}{{ ',' if not loop.last }}
{%- endfor %}
from reports
group by tenant_id, source, source_account, date_day

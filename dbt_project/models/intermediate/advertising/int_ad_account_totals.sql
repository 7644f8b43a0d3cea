select * from {{ ref('stg_meta_ads__account_days') }}
union all by name
select * from {{ ref('stg_tiktok_ads__account_days') }}

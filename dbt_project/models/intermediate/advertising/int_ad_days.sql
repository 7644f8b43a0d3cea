select * from {{ ref('stg_meta_ads__ad_days') }}
union all by name
select * from {{ ref('stg_tiktok_ads__ad_days') }}

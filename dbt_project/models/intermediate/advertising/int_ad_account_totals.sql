{{ union_of(
    [ref('stg_meta_ads__account_days'), ref('stg_tiktok_ads__account_days')],
    ['tenant_id', 'source', 'source_account', 'report', 'date_day'] + ad_measures()
) }}

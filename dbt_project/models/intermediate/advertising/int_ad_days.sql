{{ union_of(
    [ref('stg_meta_ads__ad_days'), ref('stg_tiktok_ads__ad_days')],
    [
        'tenant_id', 'source', 'source_account', 'report', 'date_day', 'campaign_id', 'campaign_name', 'ad_set_id',
        'ad_set_name', 'ad_id', 'ad_name'
    ] + ad_measures() + ['run_id', 'landing_part']
) }}

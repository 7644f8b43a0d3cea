-- The newest day is excluded: the report is up to date to the minute, the ledger to the last sync. Days after the last
-- report that the app could read are not compared, nor is an account without any.
with totals as (select * from {{ ref('stg_shopify__sales_totals') }}),

sums as (select * from {{ ref('int_reconciled_sales') }}),

shop as (select * from {{ source('shopify', 'shop') }}),

cursors as (
    select * from {{ source('takings', 'cursors') }}
    where stream = 'orders'
),

reports as (
    select * from {{ source('takings', 'cursors') }}
    where source = 'shopify' and stream = 'sales_totals'
),

compared as (
    {%- for metric in ['gross_sales', 'discounts', 'returns', 'net_sales', 'shipping', 'taxes', 'total_sales'] %}
        select
            coalesce(totals.tenant_id, sums.tenant_id) as tenant_id,
            coalesce(totals.source_account, sums.source_account) as source_account,
            coalesce(totals.date_day, sums.date_day) as date_day,
            '{{ metric }}' as metric,
            coalesce(sums.{{ metric }}, 0) as ours_minor,
            coalesce(totals.{{ metric }}, 0) as theirs_minor
        from totals
        full join sums using (tenant_id, source_account, date_day)
        {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    compared.tenant_id,
    'shopify' as source,
    compared.source_account,
    compared.date_day,
    compared.metric,
    compared.ours_minor,
    compared.theirs_minor
from compared
inner join shop using (tenant_id, source_account)
inner join cursors using (tenant_id, source_account)
inner join reports using (tenant_id, source_account)
where
    compared.date_day < {{ local_day('cursors.loaded_until', 'shop.time_zone') }}
    and compared.date_day < {{ local_day('reports.loaded_until', 'shop.time_zone') }}

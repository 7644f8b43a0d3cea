{%- set movements = {
    'new': 'new', 'reactivation': 'reactivation', 'expansion': 'expansion', 'contraction': 'contraction',
    'churn': 'churned'
} %}
with customers as (select * from {{ ref('customer_mrr') }}),

shops as (select * from {{ ref('int_shop_subscriptions_monthly') }}),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

targets as (
    select
        tenant_id,
        max(target) filter (where metric = 'mrr') as mrr,
        max(target) filter (where metric = 'churn_rate') as churn_rate
    from {{ ref('targets') }}
    group by all
),

months as (
    select
        tenant_id,
        month,
        bool_or(is_estimated) as is_estimated,
        bool_and(is_complete) as is_complete
    from (
        select
            tenant_id,
            month,
            is_estimated,
            is_complete
        from {{ ref('int_mrr_months') }}
        union all
        select
            tenant_id,
            month,
            false as is_estimated,
            is_complete
        from shops
    ) as account_months
    group by tenant_id, month
),

closing as (
    select
        tenant_id,
        date_month as month,
        sum(mrr_minor) as closing_mrr_minor,
        sum(fx_mrr_minor) as fx_mrr_minor,
        count(*) filter (where mrr_minor > 0) as customers_closing,
    {%- for movement, name in movements.items() %}
        sum(abs(movement_mrr_minor)) filter (where movement = '{{ movement }}') as {{ name }}_mrr_minor,
        count(*) filter (where movement = '{{ movement }}') as customers_{{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
    from customers
    group by all
),

all_months as (
    select
        months.*,
        coalesce(closing.closing_mrr_minor, 0) as closing_mrr_minor,
        coalesce(closing.customers_closing, 0) as customers_closing,
        coalesce(closing.fx_mrr_minor, 0) as fx_mrr_minor,
    {%- for name in movements.values() %}
        coalesce(closing.{{ name }}_mrr_minor, 0) as {{ name }}_mrr_minor,
        coalesce(closing.customers_{{ name }}, 0) as customers_{{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
    from months
    left join closing using (tenant_id, month)
)

select
    all_months.tenant_id,
    all_months.month as date_month,
    tenants.currency,
    tenants.minor_units,
    all_months.is_estimated,
    all_months.is_complete,
    cast(coalesce(lag(all_months.closing_mrr_minor) over by_month, 0) as bigint) as opening_mrr_minor,
    cast(all_months.new_mrr_minor as bigint) as new_mrr_minor,
    cast(all_months.reactivation_mrr_minor as bigint) as reactivation_mrr_minor,
    cast(all_months.expansion_mrr_minor as bigint) as expansion_mrr_minor,
    cast(all_months.contraction_mrr_minor as bigint) as contraction_mrr_minor,
    cast(all_months.churned_mrr_minor as bigint) as churned_mrr_minor,
    cast(all_months.fx_mrr_minor as bigint) as fx_mrr_minor,
    cast(all_months.closing_mrr_minor as bigint) as closing_mrr_minor,
    cast(12 * all_months.closing_mrr_minor as bigint) as arr_minor,
    coalesce(lag(all_months.customers_closing) over by_month, 0) as customers_opening,
    all_months.customers_new,
    all_months.customers_reactivation as customers_reactivated,
    all_months.customers_churned,
    all_months.customers_closing,
    coalesce(shops.shop_mrr_minor, 0) as shop_mrr_minor,
    cast(12 * coalesce(shops.shop_mrr_minor, 0) as bigint) as shop_arr_minor,
    coalesce(shops.shop_subscribers, 0) as shop_subscribers,
    coalesce(shops.subscription_order_totals_minor, 0) as subscription_order_totals_minor,
    {{ to_minor('targets.mrr', 'tenants.minor_units') }} as mrr_target_minor,
    cast(
        targets.churn_rate * coalesce(lag(all_months.customers_closing) over by_month, 0) as decimal(20, 6)
    ) as customers_churn_target
from all_months
inner join tenants using (tenant_id)
left join shops using (tenant_id, month)
left join targets using (tenant_id)
window by_month as (partition by all_months.tenant_id order by all_months.month)

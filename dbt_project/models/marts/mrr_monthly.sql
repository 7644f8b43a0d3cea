{%- set movements = {
    'new': 'new', 'reactivation': 'reactivation', 'expansion': 'expansion', 'contraction': 'contraction',
    'churn': 'churned'
} %}
-- What Stripe's subscriptions are worth is unknown where no Stripe account is connected.
with customers as (select * from {{ ref('customer_mrr') }}),

shops as (select * from {{ ref('int_shop_subscriptions_monthly') }}),

tenants as (select * from {{ ref('stg_takings__tenants') }}),

known_sources as (select * from {{ ref('int_known_sources') }}),

targets as (
    select
        tenant_id,
        max(target) filter (where metric = 'mrr') as mrr,
        max(target) filter (where metric = 'churn_rate') as churn_rate
    from {{ ref('targets') }}
    group by tenant_id
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
    group by tenant_id, date_month
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
),

movements as (
    select
        all_months.*,
        coalesce(lag(all_months.closing_mrr_minor) over by_month, 0) as opening_mrr_minor,
        12 * all_months.closing_mrr_minor as arr_minor,
        coalesce(lag(all_months.customers_closing) over by_month, 0) as customers_opening,
        all_months.customers_reactivation as customers_reactivated
    from all_months
    window by_month as (partition by all_months.tenant_id order by all_months.month)
)

select
    movements.tenant_id,
    movements.month as date_month,
    tenants.currency,
    tenants.minor_units,
    movements.is_estimated,
    movements.is_complete,
    {%- for name in [
        'opening_mrr_minor', 'new_mrr_minor', 'reactivation_mrr_minor', 'expansion_mrr_minor', 'contraction_mrr_minor',
        'churned_mrr_minor', 'fx_mrr_minor', 'closing_mrr_minor', 'arr_minor', 'customers_opening', 'customers_new',
        'customers_reactivated', 'customers_churned', 'customers_closing'
    ] %}
        case when known_sources.has_stripe then cast(movements.{{ name }} as bigint) end as {{ name }},
    {%- endfor %}
    coalesce(shops.shop_mrr_minor, 0) as shop_mrr_minor,
    cast(12 * coalesce(shops.shop_mrr_minor, 0) as bigint) as shop_arr_minor,
    coalesce(shops.shop_subscribers, 0) as shop_subscribers,
    coalesce(shops.subscription_order_totals_minor, 0) as subscription_order_totals_minor,
    {{ to_minor('targets.mrr', 'tenants.minor_units') }} as mrr_target_minor,
    case
        when known_sources.has_stripe
            then cast(targets.churn_rate * movements.customers_opening as decimal(20, 6))
    end as customers_churn_target
from movements
inner join tenants using (tenant_id)
inner join known_sources using (tenant_id)
left join shops using (tenant_id, month)
left join targets using (tenant_id)

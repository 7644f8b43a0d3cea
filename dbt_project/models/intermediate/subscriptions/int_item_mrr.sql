-- Percentages reduce each item, amounts all items in proportion to what is left of each. Until the last rounding all
-- amounts are whole millionths of a minor unit.
with periods as (select * from {{ ref('int_item_period_prices') }}),

discounts as (select * from {{ ref('int_subscription_discounts') }}),

{#- coupons of an item apply first, then those of the whole subscription #}
{%- set levels = {
    'item': ['periods', 'period_millionths', 'subscription_item_id'],
    'subscription': ['after_item', 'after_item_amounts', 'subscription_id']
} %}
{%- for level, (input, price, key) in levels.items() %}
    {{ level }}_discounts as (
        select * from discounts
        where subscription_item_id is {{ 'not null' if level == 'item' else 'null' }}
    ),

    {{ level }}_percentages as (
        select
            {{ input }}.*,
            {{ whole_division(
                input ~ '.' ~ price ~ ' * coalesce(discounts.share_millionths, 1000000)', '1000000'
            ) }} as after_{{ level }}_percentages,
            coalesce(discounts.amount_off_millionths, 0) as {{ level }}_amount_off
        from {{ input }}
        left join {{ level }}_discounts as discounts using (tenant_id, source_account, month, {{ key }})
    ),

    {{ level }}_totals as (
        select
            *,
            cast(sum(after_{{ level }}_percentages) over (
                partition by tenant_id, source_account, month, {{ key }}
            ) as {{ wide_integer() }}) as {{ level }}_total
        from {{ level }}_percentages
    ),

    after_{{ level }} as (
        select
            *,
            case
                when {{ level }}_total = 0 then 0
                else
                    after_{{ level }}_percentages
                    - {{ whole_division(
                        'least(' ~ level ~ '_amount_off, ' ~ level ~ '_total) * after_' ~ level ~ '_percentages',
                        level ~ '_total'
                    ) }}
            end as after_{{ level }}_amounts
        from {{ level }}_totals
    ),
{% endfor %}
monthly as (
    select
        *,
        after_subscription_amounts * 1000000 * case recurring_interval
            when 'week' then 52 when 'day' then 365 when 'year' then 1 else 12
        end as numerator,
        cast(1000000 as {{ wide_integer() }}) * 12 * recurring_interval_count
        * cast(1000000 + coalesce(inclusive_tax_percent, 0) * 10000 as {{ wide_integer() }}) as denominator
    from after_subscription
)

select
    tenant_id,
    source,
    source_account,
    month,
    rate_day,
    subscription_id,
    subscription_item_id,
    customer_id,
    customer_name,
    customer_email,
    price_id,
    quantity,
    own_currency,
    own_minor_units,
    cast({{ divide('numerator', 'denominator') }} as bigint) as own_mrr_minor
from monthly

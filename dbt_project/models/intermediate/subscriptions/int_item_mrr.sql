-- One row a subscription item that counts at a month's end: what it is worth a month, in its own currency. A period's
-- price less the item's coupons, then the subscription's and the customer's (percents off each item, amounts off all of
-- them by what is left of each); less the tax inside; for a month (52/12 weeks); then rounded to minor units, half away
-- from zero. Until there everything is whole millionths of a minor unit.
with periods as (select * from {{ ref('int_item_periods') }}),

discounts as (select * from {{ ref('int_subscription_discounts') }}),

{#- the item's own first, then what is on the whole subscription #}
{%- set levels = {
    'item': ['periods', 'period_millionths', 'subscription_item_id'],
    'subscription': ['less_item', 'left_of_item', 'subscription_id']
} %}
{%- for level, (before, amount, parts) in levels.items() %}
    on_{{ level }} as (
        select * from discounts
        where subscription_item_id is {{ 'not null' if level == 'item' else 'null' }}
    ),

    percents_of_{{ level }} as (
        select
            {{ before }}.*,
            {{ before }}.{{ amount }} * coalesce(discounts.kept_millionths, 1000000) // 1000000 as part_of_{{ level }},
            coalesce(discounts.off_millionths, 0) as off_{{ level }}
        from {{ before }}
        left join on_{{ level }} as discounts using (tenant_id, source_account, month, {{ parts }})
    ),

    whole_of_{{ level }} as (
        select
            *,
            cast(sum(part_of_{{ level }}) over (
                partition by tenant_id, source_account, month, {{ parts }}
            ) as hugeint) as all_of_{{ level }}
        from percents_of_{{ level }}
    ),

    less_{{ level }} as (
        select
            *,
            case
                when all_of_{{ level }} = 0 then 0
                else
                    part_of_{{ level }}
                    - least(off_{{ level }}, all_of_{{ level }}) * part_of_{{ level }} // all_of_{{ level }}
            end as left_of_{{ level }}
        from whole_of_{{ level }}
    ),
{% endfor %}
monthly as (
    select
        *,
        left_of_subscription * 1000000 * case recurring_interval
            when 'week' then 52 when 'day' then 365 when 'year' then 1 else 12
        end as above,
        cast(1000000 as hugeint) * 12 * recurring_interval_count
        * cast(1000000 + coalesce(inclusive_tax_percent, 0) * 10000 as hugeint) as below
    from less_subscription
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
    cast({{ divided('above', 'below') }} as bigint) as own_mrr_minor
from monthly

{# numerator / denominator (positive) as a whole number, halves away from zero, without floats in between. #}
{% macro divide(numerator, denominator) -%}
    sign({{ numerator }})
    * ((2 * abs(cast({{ numerator }} as hugeint)) + ({{ denominator }})) // (2 * ({{ denominator }})))
{%- endmacro %}

{# Coupons applied one after the other, combined into one: `share` millionths of an amount remain, then `amount_off`
   millionths of a minor unit are taken off. #}
{% macro combine_coupons(percent_off, amount_off, position) -%}
    list_reduce(
        list({
            'share': cast(1000000 - coalesce({{ percent_off }}, 0) * 10000 as hugeint),
            'amount_off': cast(coalesce({{ amount_off }}, 0) * 1000000 as hugeint)
        } order by {{ position }}),
        lambda so_far, following: {
            'share': so_far.share * following.share // 1000000,
            'amount_off': so_far.amount_off * following.share // 1000000 + following.amount_off
        }
    )
{%- endmacro %}

{# A whole number divided by a positive one, to whole numbers, halves away from zero; no float in between. #}
{% macro divided(above, below) -%}
    sign({{ above }}) * ((2 * abs(cast({{ above }} as hugeint)) + ({{ below }})) // (2 * ({{ below }})))
{%- endmacro %}

{# Coupons taken one after the other, as one: it keeps `kept` of a million of an amount, then takes `off` millionths off. #}
{% macro stacked(percent_off, amount_off, position) -%}
    list_reduce(
        list({
            'kept': cast(1000000 - coalesce({{ percent_off }}, 0) * 10000 as hugeint),
            'off': cast(coalesce({{ amount_off }}, 0) * 1000000 as hugeint)
        } order by {{ position }}),
        lambda so_far, following: {
            'kept': so_far.kept * following.kept // 1000000,
            'off': so_far.off * following.kept // 1000000 + following.off
        }
    )
{%- endmacro %}

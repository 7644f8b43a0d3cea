{# A whole number divided by a positive one, to whole numbers, halves away from zero; no float in between. #}
{% macro divided(above, below) -%}
    sign({{ above }}) * ((2 * abs(cast({{ above }} as hugeint)) + ({{ below }})) // (2 * ({{ below }})))
{%- endmacro %}

{# What percents leave of a million, one taken off what the one before has left: an aggregate, in whole numbers. #}
{% macro kept_millionths(percent_off, ordered_by) -%}
    list_reduce(list_prepend(
        cast(1000000 as hugeint),
        list(cast(1000000 - {{ percent_off }} * 10000 as hugeint) order by {{ ordered_by }})
            filter (where {{ percent_off }} is not null)
    ), lambda kept, each_keeps: kept * each_keeps // 1000000)
{%- endmacro %}

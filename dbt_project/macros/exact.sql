{# A whole number divided by a positive one, to whole numbers, halves away from zero; no float in between. #}
{% macro divided(above, below) -%}
    sign({{ above }}) * ((2 * abs(cast({{ above }} as hugeint)) + ({{ below }})) // (2 * ({{ below }})))
{%- endmacro %}

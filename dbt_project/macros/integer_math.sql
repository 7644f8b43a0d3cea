{# numerator / denominator (positive) as a whole number, halves away from zero, without floats in between. #}
{% macro divide(numerator, denominator) -%}
    sign({{ numerator }})
    * {{ whole_division(
        '2 * abs(cast(' ~ numerator ~ ' as ' ~ wide_integer() ~ ')) + (' ~ denominator ~ ')', '2 * (' ~ denominator ~ ')'
    ) }}
{%- endmacro %}

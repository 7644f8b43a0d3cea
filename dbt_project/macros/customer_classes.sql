{# The classes of customers by their number of orders and by how long ago the newest one was: up to 90, 180 or 365 days,
   or longer (0). #}
{% macro orders_class(orders) -%}
    least({{ orders }}, 3)
{%- endmacro %}

{% macro recency_class(last_day, day) -%}
    case
        when {{ last_day }} >= {{ day }} - 90 then 90
        when {{ last_day }} >= {{ day }} - 180 then 180
        when {{ last_day }} >= {{ day }} - 365 then 365
        else 0
    end
{%- endmacro %}

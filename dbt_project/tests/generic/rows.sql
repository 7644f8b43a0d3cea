{# The key of a mart: one row per combination of these columns, none of which is null. #}
{% test unique_combination(model, columns) %}
select {{ columns | join(', ') }}, count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having
    count(*) > 1
    {% for column in columns %}or {{ column }} is null
    {% endfor %}
{% endtest %}


{# None of these columns (or 'all') is null in any row: one pass over the table instead of one per column. #}
{% test no_nulls(model, columns) %}
select *
from {{ model }}
where
    {% for column in tested_columns(model, columns) %}{{ 'or ' if not loop.first }}{{ column }} is null
    {% endfor %}
{% endtest %}

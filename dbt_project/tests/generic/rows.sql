{# One row for each combination of these columns, and none of them empty: what a mart calls its key. #}
{% test unique_combination(model, columns) %}
select {{ columns | join(', ') }}, count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having
    count(*) > 1
    {% for column in columns %}or {{ column }} is null
    {% endfor %}
{% endtest %}


{# None of these columns, or of all, is empty in any row: one pass over the table instead of one a column. #}
{% test no_nulls(model, columns) %}
select *
from {{ model }}
where
    {% for column in columns_of(model, columns) %}{{ 'or ' if not loop.first }}{{ column }} is null
    {% endfor %}
{% endtest %}

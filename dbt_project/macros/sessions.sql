{# The daily measures of visits, from rows of `sessions`. #}
{% macro session_measures() -%}
    count(*) as sessions,
    count(distinct coalesce(user_key, session_key)) as visitors,
    count(*) filter (where has_cart) as sessions_with_cart,
    count(*) filter (where has_checkout) as sessions_reached_checkout,
    count(*) filter (where has_order) as sessions_ordered,
    count(*) filter (where has_cart and has_order) as cart_sessions_ordered,
    sum(add_to_carts) as add_to_carts
{%- endmacro %}

{# Their names. #}
{% macro session_measure_names() -%}
    {{ return([
        'sessions', 'visitors', 'sessions_with_cart', 'sessions_reached_checkout', 'sessions_ordered',
        'cart_sessions_ordered', 'add_to_carts'
    ]) }}
{%- endmacro %}

{# One SELECT per step of a funnel: `steps` maps the step's name to the column of `relation` that counts it. #}
{% macro funnel_steps(funnel, steps, relation='days') -%}
    {%- for step, measure in steps.items() %}
        select
            tenant_id,
            date_day,
            '{{ funnel }}' as funnel,
            {{ loop.index }} as step_number,
            '{{ step }}' as step,
            {{ measure }} as step_count
        from {{ relation }}
        {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

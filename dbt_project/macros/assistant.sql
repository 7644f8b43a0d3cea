{# A model's name without a date at its end: gpt-4o-2024-08-06 and gpt-4o-20240806 are gpt-4o. Nothing else is cut off:
   gpt-4-1106-preview is a model of its own. #}
{% macro model_without_date(model) -%}
    regexp_replace({{ model }}, '-([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{8})$', '')
{%- endmacro %}

{# An id as Shopify's lists have it: 123 for gid://shopify/Product/123. #}
{% macro shopify_id(id) -%}
    regexp_replace({{ id }}, '^gid://shopify/[A-Za-z]+/', '')
{%- endmacro %}

{# The parts of a message's cost, in the order in which they are rounded. #}
{% macro cost_parts() -%}
    {{ return(['input', 'cached', 'output', 'reasoning', 'embedding']) }}
{%- endmacro %}

{# The first parts of several added up and rounded to whole micros, once; `rate` converts parts that are whole numbers. #}
{% macro running_total(parts, count, rate=none) -%}
    {%- set total = parts[:count] | join(' + ') -%}
    {%- if rate -%}
        case when {{ rate }} = 1 then {{ total }} else cast(round(cast({{ total }} as decimal(18, 0)) * {{ rate }}, 0) as bigint) end
    {%- else -%}
        cast(round({{ total }}, 0) as bigint)
    {%- endif -%}
{%- endmacro %}

{# A part as the difference of two running totals, so that the parts add up to the last one. A part of zero stays zero. #}
{% macro part_of_totals(number) -%}
    total_{{ number }}{{ ' - total_' ~ (number - 1) if number > 1 }}
{%- endmacro %}

{# Whether a row is a message of a customer or of the assistant; messages of the system and of tools are not counted. #}
{% macro is_message(role) -%}
    {{ role }} in ('user', 'assistant')
{%- endmacro %}

{# A day in words: 30 Nov 2026. #}
{% macro day_text(day) -%}
    {%- set text = 'cast(' ~ day ~ ' as varchar)' -%}
    {%- set number = 'cast(substr(' ~ text ~ ', 6, 2) as integer)' -%}
    cast(cast(substr({{ text }}, 9, 2) as integer) as varchar) || ' ' || substr('JanFebMarAprMayJunJulAugSepOctNovDec', 3 * {{ number }} - 2, 3) || ' ' || substr({{ text }}, 1, 4)
{%- endmacro %}

{# One end of Wilson's interval of 95 % for a share of `hits` in `trials`; `side` is + or -. #}
{% macro wilson(hits, trials, side) -%}
    {%- set spread = 'sqrt(3.841458820694124 + 4 * ' ~ hits ~ ' * (1 - ' ~ hits ~ ' / ' ~ trials ~ '))' -%}
    {%- set top = '2 * ' ~ hits ~ ' + 3.841458820694124 ' ~ side ~ ' 1.959963984540054 * ' ~ spread -%}
    ({{ top }}) / (2 * ({{ trials }} + 3.841458820694124))
{%- endmacro %}

{# A share in percent with one decimal, such as 6.2; with its sign where `signed`. #}
{% macro percent_text(share, signed=false) -%}
    {% if signed %}case when {{ share }} > 0 then '+' when {{ share }} < 0 then '−' else '' end || {% endif -%}
    cast(cast(abs({{ share }}) * 100 as decimal(9, 1)) as varchar)
{%- endmacro %}

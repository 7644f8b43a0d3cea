{# The newest name of an object in the daily rows of `alias`: for deleted objects, which no list of objects holds. #}
{% macro newest_name(alias, object) -%}
    first_value({{ alias }}.{{ object }}_name) over (
        partition by {{ alias }}.tenant_id, {{ alias }}.source_account, {{ alias }}.{{ object }}_id
        order by
            case when {{ alias }}.{{ object }}_name is null then 1 else 0 end,
            {{ alias }}.date_day desc nulls last,
            {{ alias }}.{{ object }}_name
    )
{%- endmacro %}

{# The measures of an advertising row. #}
{% macro ad_measures() -%}
    {{ return(['spend_micros', 'impressions', 'clicks', 'purchases', 'purchase_value_micros']) }}
{%- endmacro %}

{# Sums of the measures of a relation by account and day, and by further columns. #}
{% macro ad_sums(relation, columns=[]) -%}
    {%- set keys = ['tenant_id', 'source', 'source_account', 'date_day'] + columns -%}
    select
    {%- for name in keys %}
        {{ name }},
    {%- endfor %}
    {%- for name in ad_measures() %}
        cast(sum({{ name }}) as bigint) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
    from {{ relation }}
    group by {{ keys | join(', ') }}
{%- endmacro %}

{# A spend that a platform can state: not null, not negative. Null otherwise: the total is missing. #}
{% macro stated_spend(spend) -%}
    case when {{ spend }} >= 0 then {{ spend }} end
{%- endmacro %}

{# The sum of the spend of several rows; null where one of them states none. #}
{% macro sum_of_stated(spend) -%}
    case when count({{ stated_spend(spend) }}) = count(*) then sum({{ spend }}) end
{%- endmacro %}

{# Whether a level's own figure counts: its spend is known, and it is not empty while its parts had spend. #}
{% macro is_stated(total, parts) -%}
    {{ total }}.spend_micros is not null
    and not (
        {{ total }}.spend_micros = 0 and {{ total }}.impressions = 0 and coalesce({{ parts }}.spend_micros, 0) > 0
    )
{%- endmacro %}

{# Micros of one currency in minor units of another, rounded once, halves away from zero. #}
{% macro micros_to_minor(micros, rate, minor_units) -%}
    cast(round(
        cast({{ micros }} as decimal(18, 0)) * {{ rate }} * cast({{ minor_units }} as decimal(4, 0)) * 0.000001, 0
    ) as bigint)
{%- endmacro %}

{# A row's part of its day's total in another currency: the rounded running total with the row less the one without it. #}
{% macro convert_part_of_day(micros, rate) -%}
    cast(
        round(cast(sum({{ micros }}) over running_day as decimal(18, 0)) * {{ rate }}, 0)
        - round(cast(sum({{ micros }}) over running_day - {{ micros }} as decimal(18, 0)) * {{ rate }}, 0)
        as bigint
    )
{%- endmacro %}

{# Micros as a text in units of the currency, with two decimals. #}
{% macro major_text(micros) -%}
    cast(cast(cast({{ micros }} as decimal(20, 0)) * 0.000001 as decimal(18, 2)) as varchar)
{%- endmacro %}

{# A build writes a file of its own, so a relation is created under its own name at once. dbt's materializations create
   it under a temporary name and rename it, which takes longer than the SQL of most models here. #}
{% materialization table, adapter='duckdb' -%}
    {%- set relation = this.incorporate(type='table') -%}
    {%- call statement('main') -%}
        create or replace table {{ relation }} as
        {% if model.contract.enforced -%}
            {#- their types are checked once per build: orchestration/dbt_build.py -#}
            select {{ model.columns | join(', ') }} from (
                {{ compiled_code }}
            ) as contracted
        {%- else -%}
            {{ compiled_code }}
        {%- endif %}
    {%- endcall -%}
    {{ adapter.commit() }}
    {{ return({'relations': [relation]}) }}
{%- endmaterialization %}

{% materialization view, adapter='duckdb' -%}
    {%- set relation = this.incorporate(type='view') -%}
    {%- call statement('main') -%}
        create or replace view {{ relation }} as (
            {{ compiled_code }}
        )
    {%- endcall -%}
    {{ adapter.commit() }}
    {{ return({'relations': [relation]}) }}
{%- endmaterialization %}

{# No check here has a limit or stores its rows. #}
{% materialization test, adapter='duckdb' -%}
    {%- set failures = config.get('fail_calc') -%}
    {%- call statement('main', fetch_result=True) -%}
        select
            {{ failures }} as failures,
            {{ failures }} {{ config.get('warn_if') }} as should_warn,
            {{ failures }} {{ config.get('error_if') }} as should_error
        from (
            {{ compiled_code }}
        ) as failing
    {%- endcall -%}
    {{ return({'relations': []}) }}
{%- endmaterialization %}

{# The same on PostgreSQL, into schemas of its own that are empty before a build. A table is counted at once: the planner
   takes a table without statistics for a small one, and some joins then take hours. #}
{% materialization table, adapter='postgres' -%}
    {%- set relation = this.incorporate(type='table') -%}
    {%- call statement('main') -%}
        create table {{ relation }} as
        {% if model.contract.enforced -%}
            select
                {%- for column in model.columns.values() %}
                cast({{ column.name }} as {{ float_type() if column.data_type == 'double' else column.data_type }})
                    as {{ column.name }}{{ ',' if not loop.last }}
                {%- endfor %}
            from (
                {{ compiled_code }}
            ) as contracted
        {%- else -%}
            {{ compiled_code }}
        {%- endif %}
        ;
        analyze {{ relation }}
    {%- endcall -%}
    {{ adapter.commit() }}
    {{ return({'relations': [relation]}) }}
{%- endmaterialization %}

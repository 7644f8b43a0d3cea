{# A build writes a file of its own, so a relation is created under its own name at once. dbt's materializations create
   it under a temporary name and rename it, which takes longer than the SQL of most models here. #}
{% materialization table, adapter='duckdb' -%}
    {%- set relation = this.incorporate(type='table') -%}
    {%- call statement('main') -%}
        drop table if exists {{ relation }};
        {{ create_table_as(False, relation, compiled_code) }}
    {%- endcall -%}
    {{ adapter.commit() }}
    {{ return({'relations': [relation]}) }}
{%- endmaterialization %}

{% materialization view, adapter='duckdb' -%}
    {%- set relation = this.incorporate(type='view') -%}
    {%- call statement('main') -%}
        drop view if exists {{ relation }};
        {{ get_create_view_as_sql(relation, compiled_code) }}
    {%- endcall -%}
    {{ adapter.commit() }}
    {{ return({'relations': [relation]}) }}
{%- endmaterialization %}

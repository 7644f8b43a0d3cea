-- Costs that name a vault, niche or product which the event log does not have: the profit of the one that is meant is
-- too large.
{{ config(severity='warn', meta={'text': 'message'}) }}
{% set names = {'vault_id': 'vault', 'niche': 'niche', 'product_name': 'product'} %}
with costs as (select * from {{ ref('int_vault_costs') }}),

log as (select * from {{ ref('int_event_log') }}),

named as (
    {% for column, name in names.items() %}
        select
            tenant_id,
            '{{ name }}' as kind,
            {{ column }} as name
        from costs
        where {{ column }} <> '(unknown)'
        {{ 'union' if not loop.last }}
    {% endfor %}
),

known as (
    {% for column, name in names.items() %}
        select
            tenant_id,
            '{{ name }}' as kind,
            {{ column }} as name
        from log
        {{ 'union' if not loop.last }}
    {% endfor %}
)

select
    named.tenant_id,
    'costs of tenant ' || named.tenant_id || ' name the ' || named.kind || ' ' || named.name || ', which its event log '
    || 'does not have: the profit of the one that is meant is too large. Correct the name in vault_costs' as message
from named
left join known
    on named.tenant_id = known.tenant_id and named.kind = known.kind and named.name = known.name
where known.tenant_id is null

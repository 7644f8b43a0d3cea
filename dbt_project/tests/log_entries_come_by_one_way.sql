-- Entries of an event log that came by two ways, such as files and the collector: each of them counts, so they count
-- twice. Only tenants with a log of several accounts are compared; a single equal entry may be a coincidence.
{{ config(severity='warn', meta={'text': 'message'}) }}
with entries as (select * from {{ ref('stg_records__event_log') }}),

tenants as (
    select tenant_id
    from entries
    group by tenant_id
    having min(source || source_account) < max(source || source_account)
),

contents as (
    select
        entries.tenant_id,
        entries.vault_id,
        entries.product_name,
        entries.sale_datetime,
        entries.funnel_stage,
        entries.visit_id,
        entries.sale_amount,
        min(entries.source || ' ' || entries.source_account) as one,
        max(entries.source || ' ' || entries.source_account) as other
    from entries
    inner join tenants on entries.tenant_id = tenants.tenant_id
    group by
        entries.tenant_id,
        entries.vault_id,
        entries.product_name,
        entries.sale_datetime,
        entries.funnel_stage,
        entries.visit_id,
        entries.sale_amount
)

select
    tenant_id,
    'the event log of tenant ' || tenant_id || ' has ' || count(*) || ' entries both from ' || one || ' and from '
    || other || ', which count twice. Let one of the two bring the log' as message
from contents
where one < other
group by tenant_id, one, other
having count(*) > 1

-- Types of balance entries that are not in the seed: they count as other cash.
{{ config(severity='warn') }}
select
    tenant_id,
    source_account,
    entry_type,
    count(*) as entries
from {{ ref('int_cash') }}
where not is_known_type
group by tenant_id, source_account, entry_type

-- Accounts whose rows of cash do not add up to the balance of their entries.
with entries as (
    select
        tenant_id,
        source_account,
        own_currency,
        sum(own_net_minor) as net_minor,
        count(*) as entry_count
    from {{ ref('stg_stripe__balance_transactions') }}
    group by tenant_id, source_account, own_currency
),

cash as (
    select
        tenant_id,
        source_account,
        own_currency,
        sum(own_net_minor) as net_minor,
        count(*) as entry_count
    from {{ ref('cash') }}
    group by tenant_id, source_account, own_currency
)

select
    entries.*,
    cash.net_minor as cash_net_minor,
    cash.entry_count as cash_row_count
from entries
left join cash using (tenant_id, source_account, own_currency)
where entries.net_minor is distinct from cash.net_minor or entries.entry_count is distinct from cash.entry_count

-- Two balances of one bank account on one day, in one table of a database: it is not known which one is right.
select
    tenant_id,
    source_account,
    bank_account,
    date_day
from {{ ref('stg_files__cash_balances') }}
group by tenant_id, source, source_account, bank_account, date_day
having count(*) > 1

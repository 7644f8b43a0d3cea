with balances as (select * from {{ ref('stg_files__cash_balances') }}),

today as (select * from {{ ref('int_today') }})

select balances.*
from balances
inner join today using (tenant_id)
where balances.date_day <= today.today

with expenses as (select * from {{ ref('stg_files__operating_expenses') }}),

today as (select * from {{ ref('int_today') }})

select expenses.*
from expenses
inner join today using (tenant_id)
where expenses.expense_month <= today.today

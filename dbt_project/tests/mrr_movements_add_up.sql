-- Months of recurring revenue that do not open with the closing of the month before, whose movements do not lead from
-- opening to closing, or whose customers do not add up to them.
with months as (
    select
        *,
        lag(closing_mrr_minor, 1, 0) over (partition by tenant_id order by date_month) as previous_closing_minor
    from {{ ref('mrr_monthly') }}
),

customers as (
    select
        tenant_id,
        date_month,
        sum(mrr_minor) as mrr_minor,
        sum(opening_mrr_minor) as opening_mrr_minor,
        count(*) filter (where mrr_minor > 0) as paying
    from {{ ref('customer_mrr') }}
    group by tenant_id, date_month
)

select
    months.tenant_id,
    months.date_month,
    months.opening_mrr_minor,
    months.closing_mrr_minor
from months
left join customers using (tenant_id, date_month)
where
    months.opening_mrr_minor <> months.previous_closing_minor
    or months.opening_mrr_minor <> coalesce(customers.opening_mrr_minor, 0)
    or months.closing_mrr_minor <> coalesce(customers.mrr_minor, 0)
    or months.customers_closing <> coalesce(customers.paying, 0)
    or months.closing_mrr_minor
    <> months.opening_mrr_minor + months.new_mrr_minor + months.reactivation_mrr_minor + months.expansion_mrr_minor
    - months.contraction_mrr_minor - months.churned_mrr_minor + months.fx_mrr_minor
    or months.customers_closing
    <> months.customers_opening + months.customers_new + months.customers_reactivated - months.customers_churned

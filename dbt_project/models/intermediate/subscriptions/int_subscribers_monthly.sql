with items as (select * from {{ ref('int_item_mrr') }}),

months as (select * from {{ ref('int_mrr_months') }}),

paying as (
    select
        tenant_id,
        source,
        source_account,
        month,
        customer_id,
        own_currency,
        own_minor_units,
        max(rate_day) as rate_day,
        max(customer_name) as customer_name,
        max(customer_email) as customer_email,
        cast(sum(own_mrr_minor) as bigint) as own_mrr_minor
    from items
    group by tenant_id, source, source_account, month, customer_id, own_currency, own_minor_units
    having sum(own_mrr_minor) > 0
),

leaving as (
    select
        paying.tenant_id,
        paying.source,
        paying.source_account,
        months.month,
        paying.customer_id,
        paying.own_currency,
        paying.own_minor_units,
        months.rate_day,
        paying.customer_name,
        paying.customer_email,
        cast(0 as bigint) as own_mrr_minor
    from paying
    inner join months
        on
            paying.tenant_id = months.tenant_id
            and paying.source_account = months.source_account
            and paying.month + interval '1' month = months.month
    left join paying as staying
        on
            paying.tenant_id = staying.tenant_id
            and paying.source_account = staying.source_account
            and paying.customer_id = staying.customer_id
            and paying.own_currency = staying.own_currency
            and months.month = staying.month
    where staying.tenant_id is null
)

select * from paying
union all
select * from leaving

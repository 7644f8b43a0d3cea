{{ config(materialized='view', meta={'unit': 'order'}) }}
select
    tenant_id,
    source,
    source_account,
    refund_id,
    order_id,
    date_day,
    order_day,
    channel,
    order_currency,
    own_refunded_amount_minor,
    rate,
    rate_date,
    currency,
    minor_units,
    value_returned_minor,
    refunded_amount_minor,
    refunded_store_credit_minor
from {{ ref('int_refunds') }}

-- Entries of a Stripe balance whose parts do not add up to the change of the balance: in the balance's currency and,
-- where that is the tenant's, in the mart.
select
    parts.tenant_id,
    parts.source_account,
    parts.balance_transaction_id,
    parts.own_net_minor,
    cash.balance_change_minor
from {{ ref('int_cash') }} as parts
inner join {{ ref('cash') }} as cash using (tenant_id, source_account, balance_transaction_id)
where
    parts.own_net_minor
    <> parts.own_cash_received_minor - parts.own_cash_refunded_minor - parts.own_disputes_minor
    - parts.own_cash_fees_minor - parts.own_payouts_minor + parts.own_cash_other_minor
    or (
        parts.rate = 1
        and parts.own_minor_units = parts.minor_units
        and cash.balance_change_minor <> parts.own_net_minor
    )

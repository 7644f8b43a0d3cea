"""What a pull of a Stripe account asks staging."""

from __future__ import annotations

from connectors.base import Table
from connectors.sync.reader import Question

FIRST_BALANCE_TRANSACTION = Question(
    "select balance_transaction_id from balance_transactions order by created_at, balance_transaction_id limit 1",
    ("balance_transactions",),
)
CHANGED = Question(  # the event of a discount names the customer and the subscription that it changes
    """select distinct case when object_type = $kind then object_id
        when object_type = 'discount' and $kind = 'customer' then customer_id
        when object_type = 'discount' and $kind = 'subscription' then subscription_id end
    from events where created_at between $since and $until""",
    ("events",),
)
OUT_OF_DATE_CHARGES = Question(  # refunds and disputes show it; their events do not name the charge
    """select c.charge_id
    from charges as c
    left join (
        select charge_id, coalesce(sum(amount) filter (status not in ('failed', 'canceled')), 0) as refunded
        from refunds group by charge_id
    ) as r using (charge_id)
    left join (select distinct charge_id, true as disputed from disputes) as d using (charge_id)
    where c.amount_refunded not in (r.refunded, r.refunded + c.amount - c.amount_captured)
        or (d.disputed and not c.is_disputed)""",
    ("charges", "refunds", "disputes"),
)
UNKNOWN_PRICES = Question(  # a subscription or an invoice names them, no list has them
    """select n.price_id
    from (
        select price_id from subscription_items
        union all
        select price_id from invoice_lines where subscription_id is not null
    ) as n
    anti join prices using (price_id)""",
    ("subscription_items", "invoice_lines", "prices"),
)
DELETION_EVENTS = Question(  # kind, id, last deletion and last creation in seconds
    """select object_type, object_id, epoch(max(created_at) filter (type like '%.deleted'))::bigint,
        epoch(max(created_at) filter (type like '%.created'))::bigint
    from events
    where created_at >= $since and list_contains($kinds, object_type)
        and type in (object_type || '.deleted', object_type || '.created')
    group by all order by all""",
    ("events",),
)
RECORDED_DELETIONS = Question(
    """select object_type, object_id, epoch(deleted_at)::bigint, found_by, epoch(restored_at)::bigint
    from deletions""",
    ("deletions",),
)


def created_until(table: Table) -> Question:
    """The keys of the objects that were created until $until."""
    return Question(f"select {table.key[0]} from {table.name} where created_at <= $until", (table.name,))

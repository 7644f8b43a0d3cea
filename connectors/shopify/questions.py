"""What a pull of a shop asks staging."""

from __future__ import annotations

from connectors.sync.reader import Question

SHOP = Question("select shop_id, name from shop", ("shop",))
MISSING_REFUNDS = Question(  # named by an order and not stored, or stored in an older version
    """select o.refund_id from order_refunds as o left join refunds as r using (refund_id)
    where r.updated_at is null or r.updated_at < o.updated_at
    order by o.refund_id""",
    ("order_refunds", "refunds"),
)
FIRST_SALE = Question(
    """select least(min(o.processed_at), min(a.happened_at))
    from orders as o left join agreements as a using (order_id)""",
    ("orders", "agreements"),
)
LAST_DAY_OF_SESSIONS = Question("select max(day) from sessions_totals", ("sessions_totals",))

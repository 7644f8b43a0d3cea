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
FIRST_ORDER = Question("select min(created_at) from orders", ("orders",))  # an import may be of any day, its row is not
DAYS_OF_SALES = Question(
    """select cast(processed_at as date) as day from orders where processed_at is not null
    union
    select cast(happened_at as date) from agreements where happened_at is not null
    order by day""",
    ("orders", "agreements"),
)
LAST_DAY_OF_SESSIONS = Question("select max(day) from sessions_totals", ("sessions_totals",))

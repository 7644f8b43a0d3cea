"""What is asked of Stripe, and the staging tables that it becomes. Data, no code.

Events come first: they say what to fetch anew. Charges come behind the refunds and disputes that may show one to be out
of date, prices behind what names them. Deletions come last: what vanished is known once all else is read.
"""

from connectors.stripe.streams.billing import INVOICES, SUBSCRIPTIONS
from connectors.stripe.streams.cash import BALANCE_TRANSACTIONS, CHARGES, DISPUTES, PAYOUTS, REFUNDS
from connectors.stripe.streams.catalogue import COUPONS, CUSTOMERS, PRICES, PRODUCTS
from connectors.stripe.streams.changes import DELETIONS, EVENTS
from connectors.stripe.streams.columns import Feed

FEEDS = (
    BALANCE_TRANSACTIONS,
    REFUNDS,
    DISPUTES,
    CHARGES,
    PAYOUTS,
    CUSTOMERS,
    PRODUCTS,
    COUPONS,
    SUBSCRIPTIONS,
    INVOICES,
    PRICES,
)
STREAMS = (EVENTS, *(feed.stream for feed in FEEDS), DELETIONS)

__all__ = ["DELETIONS", "EVENTS", "FEEDS", "STREAMS", "Feed"]

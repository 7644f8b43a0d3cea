"""The streams of Stripe and their staging tables. Data, no code.

Events come first: they name the objects to fetch again. Charges come after the refunds and disputes that may show one
to be out of date, prices after the objects that name them. Deletions come last: they are known once all else is read.
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

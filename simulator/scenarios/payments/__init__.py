"""The demo shops' payments: one Stripe account per shop, kept as integer books.

books.py          an account: objects with their changes, balance entries, events
history.py        everything that happens in an account: order charges, direct payments, subscribers, fees, payouts
cards.py          charges, refunds and disputes; order_charges.py and direct.py say which
subscribers.py    subscriptions with their invoices (invoicing.py) at the prices of catalogue.py
scenarios.py      SCENARIOS: the special cases of subscribers, in turn; DIRECT_SCENARIOS: those of direct payments

The special cases of subscribers:
- trials that convert or are canceled; a subscriber who cancels and comes back; a cancellation at the end of the period,
  and one that is revoked
- upgrades and downgrades; changes of the quantity at a tiered price
- payments that fail until the subscription is canceled, or until they are paid; a paused collection
- coupons: forever, once, for three months, of 100 percent, on the customer, on one item, on both the subscription and
  the customer, two on one subscription
- monthly, quarterly, yearly and weekly prices; tiered and metered ones; prices with tax, by item and by default rates
- an invoice without a subscription; a deleted draft invoice and a deleted customer

Direct payments: plain, refunded in two parts, in another currency (also with refunds), with a refund that fails, stays
pending or has no event, declined, disputed, captured in part. Disputes: lost, won, open, inquiry. Every account has a
failed payout after every 40, a fee of Stripe every 30 days, and a correction every 45 days.
"""

from simulator.scenarios.payments.books import Cash, Entry, PaymentBooks, StripeObject
from simulator.scenarios.payments.history import StripeAccount, payment_books, secret_key, stripe_account

__all__ = [
    "Cash",
    "Entry",
    "PaymentBooks",
    "StripeAccount",
    "StripeObject",
    "payment_books",
    "secret_key",
    "stripe_account",
]

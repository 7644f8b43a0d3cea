"""The demo shops' payments: a Stripe account each, with subscriptions, kept as integer books."""

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

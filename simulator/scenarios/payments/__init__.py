"""The demo shops' payments: a Stripe account each, with subscriptions, kept as integer books."""

from simulator.scenarios.payments.books import Cash, Entry, PaymentBooks, Thing
from simulator.scenarios.payments.history import Payments, payment_books, payments, secret_key

__all__ = ["Cash", "Entry", "PaymentBooks", "Payments", "Thing", "payment_books", "payments", "secret_key"]

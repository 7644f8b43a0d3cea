"""The history of a shop's Stripe account, and its books as of an instant.

It is derived from the shop's orders and from random streams of its own, one day after the other, until the end of the
requested day. The past of an instant does not depend on how far the history reaches.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heapify, heappop, heappush
from weakref import WeakKeyDictionary

from simulator.books import DAY, HOUR, Instant, Presentment
from simulator.history import ShopHistory
from simulator.scenarios.payments.books import Entry, Ledger, PaymentBooks
from simulator.scenarios.payments.cards import Cards
from simulator.scenarios.payments.catalogue import create_catalogue
from simulator.scenarios.payments.direct import add_direct_payment
from simulator.scenarios.payments.order_charges import OrderCharges
from simulator.scenarios.payments.scenarios import SCENARIOS
from simulator.scenarios.payments.subscribers import SubscriberHistory
from simulator.world import World, seconds

DIRECT_PAYMENT_EVERY = 3  # days
SUBSCRIBER_EVERY, OTHER_SUBSCRIBER_EVERY = {"USD": 2}, 3  # days, by currency: no two shops are alike
PAYOUT_ARRIVES_AFTER = 2 * DAY
FIRST_FAILED_PAYOUT, FAILED_PAYOUT_EVERY = 6, 40


def secret_key(account: str) -> str:
    """The restricted key of a simulated account. It is derived from the account and no secret."""
    return f"rk_simulated_{account}"


@dataclass
class StripeAccount:
    """The Stripe account of one shop."""

    shop: ShopHistory
    _ledger: Ledger | None = None
    _horizon: Instant = -1
    _changes: list[Instant] = field(default_factory=list, repr=False)
    _cached: tuple[int, PaymentBooks] | None = field(default=None, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def books(self, at: Instant) -> PaymentBooks:
        """The books as of ``at``. Calls with no change between their instants return the same object."""
        with self._lock:
            if self._ledger is None or at > self._horizon:
                self._horizon = (at // DAY + 1) * DAY - 1
                self._ledger = self._write(self._horizon)
                self._changes, self._cached = _changes(self._ledger), None
            key = bisect_right(self._changes, at)
            if self._cached is None or self._cached[0] != key:
                self._cached = (key, PaymentBooks(self._ledger, at))
            return self._cached[1]

    def _write(self, horizon: Instant) -> Ledger:
        """A ledger of everything until the horizon."""
        self.shop.books(horizon)
        shop = self.shop.shop
        ledger = Ledger(shop.account.replace("_", ""), shop.currency)
        if not self.shop.orders:
            return ledger
        first = self.shop.orders[0]
        start, prices = first.created_at // DAY * DAY, [line.unit_price for line in first.lines]
        cards = Cards(ledger, shop, seed=f"{shop.account}:{first.created_at}:{prices}")
        create_catalogue(ledger, start)
        charges = OrderCharges(cards)
        for order in self.shop.orders:
            if order.created_at <= horizon:
                charges.add(order)
        presentments = self._presentments()
        subscriber_every = SUBSCRIBER_EVERY.get(shop.currency, OTHER_SUBSCRIBER_EVERY)
        for number, day in enumerate(range(start, horizon + 1, DAY)):
            if number % DIRECT_PAYMENT_EVERY == 1:
                add_direct_payment(cards, number // DIRECT_PAYMENT_EVERY, day, presentments)
            if number % subscriber_every == 0:
                self._subscribe(cards, number // subscriber_every, day, horizon)
            _add_fee_and_correction(ledger, number, day)
        _add_payouts(ledger, start, horizon)
        return ledger

    def _presentments(self) -> tuple[Presentment, ...]:
        """Foreign currencies of direct payments, at fixed rates: new orders do not change them."""
        exponent = self.shop.shop.exponent
        return tuple(
            Presentment(currency, digits, numerator * 10**digits, 1000 * 10**exponent)
            for currency, digits, numerator in (("GBP", 2, 790), ("JPY", 0, 149_370), ("KWD", 3, 307))
        )

    def _subscribe(self, cards: Cards, number: int, day: Instant, horizon: Instant) -> None:
        """Adds a subscriber. Every second one has the email of a customer of the shop."""
        known = [customer for customer in self.shop.customers[:200] if customer.created_at < day and customer.email]
        email = f"member{number}@example.org"
        if number % 2 and known:
            email = known[number * 7 % len(known)].email or email
        scenario = list(SCENARIOS.values())[number % len(SCENARIOS)]
        start = day + 9 * HOUR + number % 7 * 601
        SubscriberHistory(cards, f"m{number:05d}", scenario, start, horizon, email).run()


def _add_fee_and_correction(ledger: Ledger, number: int, day: Instant) -> None:
    """Stripe's usage fee every 30 days and a correction every 45."""
    if number % 30 == 29:
        ledger.add_entry(f"{ledger.tag}fee{number:04d}", "stripe_fee", day + HOUR, -(900 + number), category="fee",
                         description="Billing - Usage Fee")  # fmt: skip
    if number % 45 == 22:
        amount = 1234 if number % 2 else -567
        ledger.add_entry(f"{ledger.tag}adj{number:04d}", "adjustment", day + 2 * HOUR, amount,
                         category="other_adjustment", description="Correction")  # fmt: skip


def _add_payouts(ledger: Ledger, start: Instant, horizon: Instant) -> None:
    """Pays the available balance out every day. The amount of a failed payout becomes part of a later one."""
    waiting: list[tuple[Instant, str, Entry]] = [(entry.available_on, entry.id, entry) for entry in ledger.entries]
    heapify(waiting)
    available: list[Entry] = []
    count = 0
    for day in range(start + DAY, horizon + 1, DAY):
        while waiting and waiting[0][0] <= day and waiting[0][2].created <= day:
            available.append(heappop(waiting)[2])
        amount = sum(entry.net for entry in available)
        if amount <= 0:
            continue
        name = f"{ledger.tag}{day // DAY}"
        ledger.payout_by_entry.update((entry.id, f"po_{name}") for entry in available)
        available = []
        if returned := _add_payout(ledger, name, day + 4 * HOUR, amount, count % FAILED_PAYOUT_EVERY):
            heappush(waiting, (returned.created, returned.id, returned))
        count += 1


def _add_payout(ledger: Ledger, name: str, at: Instant, amount: int, turn: int) -> Entry | None:
    """Adds one payout. Returns the entry that returns its amount, if it fails."""
    entry = ledger.add_entry(f"{name}p", "payout", at, -amount, source=f"po_{name}", description="STRIPE PAYOUT")
    ledger.payout_by_entry[entry] = f"po_{name}"
    arrives_at = at + PAYOUT_ARRIVES_AFTER
    payout = ledger.create(
        "payout", f"po_{name}", at, "payout.created", amount=amount, arrival_date=arrives_at // DAY * DAY,
        balance_transaction=entry, currency=ledger.currency.lower(), description="STRIPE PAYOUT", status="pending",
        reconciliation_status="in_progress", failure_balance_transaction=None, failure_code=None, metadata={},
    )  # fmt: skip
    payout.change(at + 20 * HOUR, None, status="in_transit")
    if turn != FIRST_FAILED_PAYOUT:
        payout.change(arrives_at, "payout.paid", status="paid")
        payout.change(arrives_at + HOUR, "payout.reconciliation_completed", reconciliation_status="completed")
        return None
    failure = ledger.add_entry(f"{name}b", "payout_failure", arrives_at, amount, source=payout.id,
                               description="STRIPE PAYOUT FAILURE")  # fmt: skip
    payout.change(
        arrives_at, "payout.failed", status="failed", failure_balance_transaction=failure,
        failure_code="account_closed", failure_message="The bank account has been closed.",
    )  # fmt: skip
    return ledger.entries[-1]


def _changes(ledger: Ledger) -> list[Instant]:
    instants = {at for entry in ledger.entries for at in (entry.created, entry.available_on)}
    for objects in ledger.objects.values():
        for item in objects:
            instants.update(change.at for change in item.changes)
    return sorted(instants)


_ACCOUNTS: WeakKeyDictionary[World, dict[str, StripeAccount]] = WeakKeyDictionary()
_LOCK = threading.Lock()


def stripe_account(world: World, account: str) -> StripeAccount:
    """The Stripe account of a shop. Repeated calls return the same object."""
    with _LOCK:
        accounts = _ACCOUNTS.setdefault(world, {})
        if account not in accounts:
            accounts[account] = StripeAccount(world.history(account))
        return accounts[account]


def payment_books(world: World, account: str, at: datetime | None = None) -> PaymentBooks:
    """The books of a shop's Stripe account as of an instant (default: the world's end)."""
    return stripe_account(world, account).books(seconds(world.end if at is None else at))

"""A shop's Stripe account: everything that happened in it, and its books as they stood at an instant.

It is derived from the shop's orders and its own random streams, day by day, and no further than it is asked for; what
was before an instant is the same however far it goes.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heapify, heappop, heappush
from weakref import WeakKeyDictionary

from simulator.books import Instant, Presentment
from simulator.history import ShopHistory
from simulator.scenarios.payments.books import DAY, Entry, Ledger, PaymentBooks
from simulator.scenarios.payments.cards import DIRECT_EVERY, Cards
from simulator.scenarios.payments.catalogue import stock
from simulator.scenarios.payments.scenarios import SCENARIOS
from simulator.scenarios.payments.subscribers import Life
from simulator.world import World, seconds

SUBSCRIBER_EVERY = {"USD": 2}  # days; another currency's shop has fewer, so that no two are alike
ARRIVES_AFTER = 2 * DAY
FAILS_FIRST, FAILS_EVERY = 6, 40  # which payouts the bank returns
HOUR = 3600


def secret_key(account: str) -> str:
    """The restricted key of a simulated account: no secret, and the same each time."""
    return f"rk_simulated_{account}"


@dataclass
class StripeAccount:
    """The account of one shop."""

    shop: ShopHistory
    _ledger: Ledger | None = None
    _horizon: Instant = -1
    _changes: list[Instant] = field(default_factory=list, repr=False)
    _cached: tuple[int, PaymentBooks] | None = field(default=None, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def books(self, at: Instant) -> PaymentBooks:
        """The books as they stood at ``at``; quiet times in between share one object."""
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
        self.shop.books(horizon)
        shop = self.shop.shop
        ledger = Ledger(shop.account.replace("_", ""), shop.currency)
        if not self.shop.orders:
            return ledger
        first = self.shop.orders[0]
        start, priced = first.created_at // DAY * DAY, [line.unit_price for line in first.lines]
        seed = f"{shop.account}:{first.created_at}:{priced}"
        cards, pace = Cards(ledger, shop, seed), SUBSCRIBER_EVERY.get(shop.currency, 3)
        stock(ledger, start)
        for order in self.shop.orders:
            if order.created_at <= horizon:
                cards.order(order)
        presentments = self._presentments()
        for number, day in enumerate(range(start, horizon + 1, DAY)):
            if number % DIRECT_EVERY == 1:
                cards.direct(number // DIRECT_EVERY, day, presentments)
            if number % pace == 0:
                self._subscribe(cards, number // pace, day, horizon)
            _sundries(ledger, number, day)
        _pay_out(ledger, start, horizon)
        return ledger

    def _presentments(self) -> tuple[Presentment, ...]:
        """Currencies for direct payments: fixed, so that later orders change nothing."""
        own = self.shop.shop.exponent
        return tuple(
            Presentment(currency, exponent, numerator * 10**exponent, 1000 * 10**own)
            for currency, exponent, numerator in (("GBP", 2, 790), ("JPY", 0, 149_370), ("KWD", 3, 307))
        )

    def _subscribe(self, cards: Cards, number: int, day: Instant, horizon: Instant) -> None:
        """The next subscriber; every other one is known to the shop by email."""
        known = [each for each in self.shop.customers[:200] if each.created_at < day and each.email]
        email = f"member{number}@example.org"
        if number % 2 and known:
            email = known[number * 7 % len(known)].email or email
        scenario = list(SCENARIOS.values())[number % len(SCENARIOS)]
        Life(cards, f"m{number:05d}", scenario, day + 9 * HOUR + number % 7 * 601, horizon, email).live()


def _sundries(ledger: Ledger, number: int, day: Instant) -> None:
    """Stripe's own bill each month, and a correction now and then."""
    if number % 30 == 29:
        ledger.add_entry(f"{ledger.tag}fee{number:04d}", "stripe_fee", day + HOUR, -(900 + number), category="fee",
                     description="Billing - Usage Fee")  # fmt: skip
    if number % 45 == 22:
        amount = 1234 if number % 2 else -567
        ledger.add_entry(f"{ledger.tag}adj{number:04d}", "adjustment", day + 2 * HOUR, amount,
                     category="other_adjustment", description="Correction")  # fmt: skip


def _pay_out(ledger: Ledger, start: Instant, horizon: Instant) -> None:
    """Each day what is available goes to the bank; a payout that the bank returns is tried again with the next."""
    waiting: list[tuple[Instant, str, Entry]] = [(one.available_on, one.id, one) for one in ledger.entries]
    heapify(waiting)
    pool: list[Entry] = []
    count = 0
    for day in range(start + DAY, horizon + 1, DAY):
        while waiting and waiting[0][0] <= day and waiting[0][2].created <= day:
            pool.append(heappop(waiting)[2])
        amount, at = sum(one.net for one in pool), day + 4 * HOUR
        if amount <= 0:
            continue
        name = f"{ledger.tag}{day // DAY}"
        ledger.payout_by_entry.update((one.id, f"po_{name}") for one in pool)
        pool = []
        entry = ledger.add_entry(f"{name}p", "payout", at, -amount, source=f"po_{name}", description="STRIPE PAYOUT")
        ledger.payout_by_entry[entry] = f"po_{name}"
        arrives = at + ARRIVES_AFTER
        payout = ledger.create(
            "payout", f"po_{name}", at, "payout.created", amount=amount, arrival_date=arrives // DAY * DAY,
            balance_transaction=entry, currency=ledger.currency.lower(), description="STRIPE PAYOUT", status="pending",
            reconciliation_status="in_progress", failure_balance_transaction=None, failure_code=None, metadata={},
        )  # fmt: skip
        payout.change(at + 20 * HOUR, None, status="in_transit")
        if count % FAILS_EVERY == FAILS_FIRST:
            back = ledger.add_entry(f"{name}b", "payout_failure", arrives, amount, source=payout.id,
                                description="STRIPE PAYOUT FAILURE")  # fmt: skip
            payout.change(
                arrives, "payout.failed", status="failed", failure_balance_transaction=back,
                failure_code="account_closed", failure_message="The bank account has been closed.",
            )  # fmt: skip
            heappush(waiting, (arrives, back, ledger.entries[-1]))
        else:
            payout.change(arrives, "payout.paid", status="paid")
            payout.change(arrives + HOUR, "payout.reconciliation_completed", reconciliation_status="completed")
        count += 1


def _changes(ledger: Ledger) -> list[Instant]:
    every = {each for one in ledger.entries for each in (one.created, one.available_on)}
    for things in ledger.objects.values():
        for thing in things:
            every.update(change.at for change in thing.changes)
    return sorted(every)


_KNOWN: WeakKeyDictionary[World, dict[str, StripeAccount]] = WeakKeyDictionary()
_LOCK = threading.Lock()


def stripe_account(world: World, account: str) -> StripeAccount:
    """The Stripe account of a world's shop; the same object each time."""
    with _LOCK:
        known = _KNOWN.setdefault(world, {})
        if account not in known:
            known[account] = StripeAccount(world.history(account))
        return known[account]


def payment_books(world: World, account: str, at: datetime | None = None) -> PaymentBooks:
    """The books of a shop's Stripe account at an instant (default: the world's end)."""
    return stripe_account(world, account).books(seconds(world.end if at is None else at))

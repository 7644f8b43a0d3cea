"""The books of a simulated Stripe account: objects with their changes, and the entries of its balance.

Money is integer minor units, instants are integer seconds since 1970 (UTC). The fields of an object have Stripe's
names. Its state at an instant is all its changes until then, each over the ones before. A balance entry never changes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from simulator.books import DAY, NEVER, Instant

State = dict[str, Any]
REFUNDS = frozenset({"refund", "refund_failure", "payment_refund", "payment_failure_refund"})
PAYOUTS = frozenset({"payout", "payout_failure", "payout_cancel"})
RECEIPTS = frozenset({"charge", "payment"})


@dataclass(slots=True, frozen=True)
class Change:
    """New values of an object's fields; ``event`` is the type of Stripe's event about it (None: no event)."""

    at: Instant
    event: str | None
    fields: State


@dataclass(slots=True)
class StripeObject:
    """An object with its changes, oldest first. Lists leave out a deleted object."""

    kind: str
    id: str
    created: Instant
    changes: list[Change] = field(default_factory=list)
    deleted_at: Instant = NEVER

    def change(self, at: Instant, event: str | None, **fields: Any) -> None:
        self.changes.append(Change(at, event, fields))

    def delete(self, at: Instant, event: str) -> None:
        self.deleted_at = at
        self.changes.append(Change(at, event, {}))

    def at(self, instant: Instant) -> State:
        """Its fields as of an instant, which is not before its creation."""
        state: State = {"id": self.id, "object": self.kind, "created": self.created}
        for change in self.changes:
            if change.at <= instant:
                state |= change.fields
        return state


@dataclass(slots=True, frozen=True)
class Entry:
    """A balance transaction: it changes the balance by ``amount`` less ``fee``."""

    id: str
    type: str
    reporting_category: str
    amount: int
    fee: int
    currency: str
    created: Instant
    available_on: Instant
    source: str | None = None
    description: str | None = None
    exchange_rate: float | None = None

    @property
    def net(self) -> int:
        return self.amount - self.fee


@dataclass(slots=True, frozen=True)
class Event:
    """A Stripe event: a change of ``subject``."""

    id: str
    at: Instant
    type: str
    subject: StripeObject


@dataclass(slots=True, frozen=True)
class Cash:
    """The parts of a change of the balance: received - refunded - disputes - fees - payouts + other."""

    received: int
    refunded: int
    disputes: int
    fees: int
    payouts: int
    other: int

    @property
    def change(self) -> int:
        return self.received - self.refunded - self.disputes - self.fees - self.payouts + self.other


@dataclass
class Ledger:
    """All objects and entries of an account. Each id contains ``tag``."""

    tag: str
    currency: str
    objects: dict[str, list[StripeObject]] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    payout_by_entry: dict[str, str] = field(default_factory=dict)  # the id of an entry to the id of its payout

    def create(self, kind: str, identity: str, at: Instant, event: str | None, **fields: Any) -> StripeObject:
        """Adds a new object with its first values."""
        created = StripeObject(kind, identity, at)
        created.change(at, event, **fields)
        self.objects.setdefault(kind, []).append(created)
        return created

    def add_entry(
        self,
        identity: str,
        kind: str,
        at: Instant,
        amount: int,
        *,
        category: str | None = None,
        fee: int = 0,
        delay: int = 0,
        **fields: Any,
    ) -> str:
        """Adds a balance entry, available ``delay`` midnights later (UTC). Returns its id."""
        available = (at // DAY + delay) * DAY if delay else at
        entry = Entry(f"txn_{identity}", kind, category or kind, amount, fee, self.currency, at, available, **fields)
        self.entries.append(entry)
        return entry.id


@dataclass
class PaymentBooks:
    """An account as of an instant."""

    ledger: Ledger
    at: Instant
    _sorted: dict[str, list[StripeObject]] = field(default_factory=dict, repr=False)

    def objects(self, kind: str) -> list[StripeObject]:
        """The existing objects of a kind, newest first; those of the same second by id, descending."""
        if kind not in self._sorted:
            existing = [item for item in self.ledger.objects.get(kind, []) if item.created <= self.at < item.deleted_at]
            self._sorted[kind] = sorted(existing, key=lambda item: (item.created, item.id), reverse=True)
        return self._sorted[kind]

    def states(self, kind: str) -> list[State]:
        """The fields of the existing objects of a kind, in the same order."""
        return [item.at(self.at) for item in self.objects(kind)]

    @cached_property
    def deleted(self) -> dict[str, StripeObject]:
        """The deleted objects of all kinds, by id."""
        return {item.id: item for items in self.ledger.objects.values() for item in items if item.deleted_at <= self.at}

    @cached_property
    def entries(self) -> list[Entry]:
        """The balance entries, newest first."""
        entries = [entry for entry in self.ledger.entries if entry.created <= self.at]
        return sorted(entries, key=lambda entry: (entry.created, entry.id), reverse=True)

    @cached_property
    def events(self) -> list[Event]:
        """Every event, newest first. Stripe's API shows only those of the last 30 days."""
        events = [
            Event(f"evt_{item.id}n{number:03d}", change.at, change.event, item)
            for items in self.ledger.objects.values()
            for item in items
            for number, change in enumerate(item.changes)
            if change.event and change.at <= self.at
        ]
        return sorted(events, key=lambda event: (event.at, event.id), reverse=True)

    @property
    def balance(self) -> int:
        """The balance of the account, available and pending."""
        return sum(entry.net for entry in self.entries)

    def cash(self, since: Instant = 0) -> Cash:
        """The totals of the entries created after ``since``."""
        sums = dict.fromkeys(("received", "refunded", "disputes", "fees", "payouts", "other"), 0)
        for entry in self.entries:
            if entry.created <= since:
                continue
            sums["fees"] += entry.fee
            if entry.type in RECEIPTS:
                sums["received"] += entry.amount
            elif entry.type in REFUNDS:
                sums["refunded"] -= entry.amount
            elif entry.type in PAYOUTS:
                sums["payouts"] -= entry.amount
            elif entry.type == "stripe_fee":
                sums["fees"] -= entry.amount
            elif entry.reporting_category in ("dispute", "dispute_reversal"):
                sums["disputes"] -= entry.amount
            else:
                sums["other"] += entry.amount
        return Cash(**sums)

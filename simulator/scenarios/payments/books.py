"""The books of a simulated Stripe account: objects with their histories, and the entries of its balance.

Money is integer minor units, instants are integer seconds since 1970 (UTC). A thing's fields carry Stripe's own names;
what it was at an instant is all its changes until then, one over the other. A balance entry never changes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from simulator.books import NEVER, Instant

State = dict[str, Any]
DAY = 86_400
REFUNDS = frozenset({"refund", "refund_failure", "payment_refund", "payment_failure_refund"})
PAYOUTS = frozenset({"payout", "payout_failure", "payout_cancel"})
RECEIPTS = frozenset({"charge", "payment"})


@dataclass(slots=True, frozen=True)
class Change:
    """What a thing became at an instant; ``event`` is what Stripe tells of it (None: nothing)."""

    at: Instant
    event: str | None
    fields: State


@dataclass(slots=True)
class StripeObject:
    """An object with its history, oldest change first; a deleted one is gone from lists."""

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
        """Its fields as they stood at an instant (not before its creation)."""
        state: State = {"id": self.id, "object": self.kind, "created": self.created}
        for change in self.changes:
            if change.at <= instant:
                state |= change.fields
        return state


@dataclass(slots=True, frozen=True)
class Entry:
    """A balance transaction: ``amount`` less ``fee`` is what the balance moved by."""

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
    """An event: what happened to which thing; ``number`` is the place of the change among the thing's."""

    id: str
    at: Instant
    type: str
    subject: StripeObject
    number: int


@dataclass(slots=True, frozen=True)
class Cash:
    """received - refunded - disputes - fees - payouts + other = what the balance changed by."""

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
    """Everything that happens in an account; ``tag`` is in each of its ids."""

    tag: str
    currency: str
    objects: dict[str, list[StripeObject]] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    payout_by_entry: dict[str, str] = field(default_factory=dict)  # entry id to the payout that took it to the bank

    def create(self, kind: str, identity: str, at: Instant, event: str | None, **fields: Any) -> StripeObject:
        """A new thing, as it begins."""
        thing = StripeObject(kind, identity, at)
        thing.change(at, event, **fields)
        self.objects.setdefault(kind, []).append(thing)
        return thing

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
        **told: Any,
    ) -> str:
        """Writes a balance entry, available ``delay`` midnights later. Returns its id."""
        available = (at // DAY + delay) * DAY if delay else at
        entry = Entry(f"txn_{identity}", kind, category or kind, amount, fee, self.currency, at, available, **told)
        self.entries.append(entry)
        return entry.id


@dataclass
class PaymentBooks:
    """An account at one instant."""

    ledger: Ledger
    at: Instant
    _sorted: dict[str, list[StripeObject]] = field(default_factory=dict, repr=False)

    def objects(self, kind: str) -> list[StripeObject]:
        """The things of a kind that exist, newest first (those of one second by id, backwards)."""
        if kind not in self._sorted:
            found = [one for one in self.ledger.objects.get(kind, []) if one.created <= self.at < one.deleted_at]
            self._sorted[kind] = sorted(found, key=lambda one: (one.created, one.id), reverse=True)
        return self._sorted[kind]

    def states(self, kind: str) -> list[State]:
        """Their fields, in the same order."""
        return [one.at(self.at) for one in self.objects(kind)]

    @cached_property
    def deleted(self) -> dict[str, StripeObject]:
        """Things that have been deleted, by id."""
        return {one.id: one for each in self.ledger.objects.values() for one in each if one.deleted_at <= self.at}

    @cached_property
    def entries(self) -> list[Entry]:
        """The balance entries, newest first."""
        found = [one for one in self.ledger.entries if one.created <= self.at]
        return sorted(found, key=lambda one: (one.created, one.id), reverse=True)

    @cached_property
    def events(self) -> list[Event]:
        """Every event so far, newest first; Stripe shows those of the last 30 days."""
        found = [
            Event(f"evt_{thing.id}n{number:03d}", change.at, change.event, thing, number)
            for things in self.ledger.objects.values()
            for thing in things
            for number, change in enumerate(thing.changes)
            if change.event and change.at <= self.at
        ]
        return sorted(found, key=lambda one: (one.at, one.id), reverse=True)

    @property
    def balance(self) -> int:
        """What the account holds, available and pending."""
        return sum(one.net for one in self.entries)

    def cash(self, since: Instant = 0) -> Cash:
        """The totals of the entries created after ``since``."""
        sums = dict.fromkeys(("received", "refunded", "disputes", "fees", "payouts", "other"), 0)
        for one in self.entries:
            if one.created <= since:
                continue
            sums["fees"] += one.fee
            if one.type in RECEIPTS:
                sums["received"] += one.amount
            elif one.type in REFUNDS:
                sums["refunded"] -= one.amount
            elif one.type in PAYOUTS:
                sums["payouts"] -= one.amount
            elif one.type == "stripe_fee":
                sums["fees"] -= one.amount
            elif one.reporting_category in ("dispute", "dispute_reversal"):
                sums["disputes"] -= one.amount
            else:
                sums["other"] += one.amount
        return Cash(**sums)

"""The creator's books: what happened at which instant, and the rows that the event log has of it.

Instants are integer seconds since 1970 (UTC), money is integer cents, latencies are hundredths of a second. A purchase
holds its refund, a future one too; ``entries(at)`` is the log as of an instant. A row of the log has a local time
without a zone: in an hour that occurs twice at a clock change, only ``Entry.at`` says which one is meant.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import NamedTuple
from zoneinfo import ZoneInfo

from simulator.books import Instant
from simulator.scenarios.creator import costs
from simulator.scenarios.creator.catalogue import Generation, Product

FIRST_TIME, REPEAT = "first_time", "repeat"


class LogRow(NamedTuple):
    """The 18 fields of a row of the log, in their order.

    ``ai_latency`` is in hundredths of a second, ``sale_amount`` in cents, ``sale_datetime`` the local time as written.
    """

    vault_id: str
    niche: str
    product_name: str
    ai_prompt_version: str
    ai_style: str
    ai_generation_success: bool
    ai_latency: int
    ai_version: str
    sale_datetime: str
    sale_amount: int
    refund: bool
    refund_reason: str
    language: str
    country: str
    customer_type: str
    delivery_success: bool
    funnel_stage: str
    visit_id: str


class Entry(NamedTuple):
    """A row with its true instant. ``month`` is the month of its local time, as in 2026-11: the file that has it."""

    at: Instant
    month: str
    row: LogRow


@dataclass(frozen=True, slots=True)
class Refund:
    """Money given back, ``amount`` in cents.

    ``flagged``: the field ``refund`` of the purchase's row becomes true at this instant. ``logged``: a row of stage
    refund is written at this instant. At least one of them is true.
    """

    at: Instant
    amount: int
    reason: str
    flagged: bool
    logged: bool


@dataclass(frozen=True, slots=True)
class Purchase:
    """``bought_before`` is the truth about the buyer, ``customer_type`` what the log says. A purchase that is not
    ``logged`` is older than the log: only its refund has a row."""

    at: Instant
    visit_id: str
    buyer: int
    product: Product
    generation: Generation
    amount: int
    country: str
    bought_before: bool
    customer_type: str
    delivered: bool
    refund: Refund | None = None
    logged: bool = True


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit to a product. ``shown_amount`` is the price that rows of visits and carts carry, zero in most of them."""

    at: Instant
    visit_id: str
    product: Product
    generation: Generation
    country: str
    customer_type: str
    cart_at: Instant | None
    shown_amount: int


@dataclass
class Creator:
    """A creator over time. ``advance(instant)`` adds the days until an instant; it only appends."""

    account: str
    name: str
    time_zone: str
    start: date
    currency: str = "USD"
    advance: Callable[[Instant], None] = lambda instant: None
    _visits: list[Visit] = field(default_factory=list, repr=False)
    _purchases: list[Purchase] = field(default_factory=list, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def local(self, at: Instant) -> datetime:
        """The local time of an instant, without a zone."""
        return datetime.fromtimestamp(at, self.zone).replace(tzinfo=None)

    def visits(self, at: Instant) -> list[Visit]:
        """Every visit until an instant, in the order of the days."""
        return [visit for visit in self._until(at)[0] if visit.at <= at]

    def purchases(self, at: Instant) -> list[Purchase]:
        """Every purchase until an instant, those older than the log too. Refunds may be in the future: see their
        ``at``."""
        return [purchase for purchase in self._until(at)[1] if purchase.at <= at]

    def entries(self, at: Instant) -> list[Entry]:
        """The log as of an instant, by true instant; equal rows occur as often as they happened."""
        visits, purchases = self._until(at)
        entries = [entry for visit in visits for entry in self._of_visit(visit)]
        entries += [entry for purchase in purchases for entry in self._of_purchase(purchase, at)]
        return sorted((entry for entry in entries if entry.at <= at), key=lambda entry: entry.at)

    def costs(self, at: Instant) -> list[costs.Cost]:
        """What the vaults cost, until the local day of an instant."""
        return list(costs.costs(self.start, self.local(at).date()))

    def _until(self, at: Instant) -> tuple[list[Visit], list[Purchase]]:
        with self._lock:
            self.advance(at)
            return list(self._visits), list(self._purchases)

    def add(self, visits: list[Visit], purchases: list[Purchase]) -> None:
        """Appends the visits and purchases of a day."""
        with self._lock:
            self._visits += visits
            self._purchases += purchases

    def _of_visit(self, visit: Visit) -> Iterator[Entry]:
        for stage, at in (("visit", visit.at), ("cart", visit.cart_at)):
            if at is not None:
                row = self._row(visit, at, stage, visit.shown_amount)
                yield self._entry(at, row)

    def _of_purchase(self, purchase: Purchase, until: Instant) -> Iterator[Entry]:
        refund = purchase.refund
        if purchase.logged:
            row = self._row(purchase, purchase.at, "purchase", purchase.amount, purchase.delivered)
            if refund is not None and refund.flagged and refund.at <= until:
                row = row._replace(refund=True, refund_reason=refund.reason)
            yield self._entry(purchase.at, row)
        if refund is not None and refund.logged:
            row = self._row(purchase, refund.at, "refund", refund.amount, purchase.delivered)
            yield self._entry(refund.at, row._replace(refund=True, refund_reason=refund.reason))

    def _entry(self, at: Instant, row: LogRow) -> Entry:
        return Entry(at, row.sale_datetime[:7], row)

    def _row(self, of: Visit | Purchase, at: Instant, stage: str, amount: int, delivered: bool = False) -> LogRow:
        product, ai = of.product, of.generation
        return LogRow(
            product.vault_id, product.niche, product.name, ai.prompt_version, ai.style, ai.succeeded, ai.latency,
            ai.version, self.local(at).isoformat(), amount, False, "", product.language, of.country, of.customer_type,
            delivered, stage, of.visit_id,
        )  # fmt: skip

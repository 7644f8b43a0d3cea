"""A world of shops: their histories, and the books of each as they stood at an instant."""

from __future__ import annotations

import threading
from bisect import bisect_right, insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from simulator.books import NEVER, Customer, Instant, Order, Product, Shop

if TYPE_CHECKING:
    from simulator.scenarios.ads.books import AdAccount
    from simulator.scenarios.visits.books import Visits


def seconds(at: datetime) -> Instant:
    """A datetime as an instant; one without a zone is taken as UTC."""
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


@dataclass(frozen=True)
class Destroyed:
    """Something deleted: ``kind`` is ORDER or PRODUCT."""

    id: int
    at: Instant
    kind: str
    subject: int


@dataclass
class Books:
    """One shop at one instant.  ``orders`` are those not deleted, by creation; customers and products likewise."""

    shop: Shop
    at: Instant
    orders: list[Order]
    customers: list[Customer]
    products: list[Product]
    destroyed: list[Destroyed]
    updated: dict[int, Instant] = field(repr=False)  # order id -> its updatedAt

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.shop.time_zone)

    @cached_property
    def orders_of(self) -> dict[int, list[Order]]:
        """Customer id to the orders of theirs, test orders left out."""
        found: dict[int, list[Order]] = {}
        for order in self.orders:
            if order.customer is not None and not order.test:
                found.setdefault(order.customer.id, []).append(order)
        return found


@dataclass
class ShopHistory:
    """Everything that happened and is scheduled to happen in a shop.

    ``advance(instant)`` lets the simulation run on until then; what it adds lies after all that was simulated before,
    so the past never changes.  A shop of recorded orders has none.
    """

    shop: Shop
    orders: list[Order] = field(default_factory=list)
    customers: list[Customer] = field(default_factory=list)
    products: list[Product] = field(default_factory=list)
    advance: Callable[[Instant], bool] | None = None
    visits: Visits | None = field(default=None, repr=False)  # none where nobody counted them
    _changes: dict[int, list[Instant]] = field(default_factory=dict, repr=False)
    _all_changes: list[Instant] = field(default_factory=list, repr=False)
    _cached: tuple[int, Books] | None = field(default=None, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def books(self, at: Instant) -> Books:
        """The books as they stood at ``at``; equal instants and quiet times in between share one object."""
        with self._lock:
            if (self.advance is not None and self.advance(at)) or not self._all_changes:
                self._index()
            key = bisect_right(self._all_changes, at)
            if self._cached is None or self._cached[0] != key:
                self._cached = (key, self._snapshot(at))
            return self._cached[1]

    def orders_until(self, at: Instant) -> list[Order]:
        """Every order placed until ``at`` at least, by creation, each with all its life; no snapshot is made."""
        with self._lock:
            if self.advance is not None and self.advance(at):
                self._index()
            return self.orders

    def _index(self) -> None:
        self._changes = {order.id: sorted(set(order.instants())) for order in self.orders}
        every: set[Instant] = set()
        every.update(*self._changes.values())
        every.update(order.deleted_at for order in self.orders)
        for customer in self.customers:
            every.update(customer.touched, (at for at, _ in customer.names))
        for product in self.products:
            every.update(
                (product.created_at, product.deleted_at), *([at for at, _ in each] for each in _tales(product))
            )
        self._all_changes = sorted(every)
        self._cached = None

    def _snapshot(self, at: Instant) -> Books:
        orders: list[Order] = []
        updated: dict[int, Instant] = {}
        for order in self.orders:
            if order.created_at > at or order.deleted_at <= at:
                continue
            changes = self._changes[order.id]
            seen = bisect_right(changes, at)
            updated[order.id] = changes[seen - 1]
            whole = seen == len(changes) and order.deleted_at == NEVER
            orders.append(order if whole else order.at(at))
        return Books(
            shop=self.shop,
            at=at,
            orders=orders,
            customers=[each for each in self.customers if each.created_at <= at],
            products=[each for each in self.products if each.created_at <= at < each.deleted_at],
            destroyed=self._destroyed(at),
            updated=updated,
        )

    def _destroyed(self, at: Instant) -> list[Destroyed]:
        found: list[tuple[Instant, str, int]] = []
        for order in self.orders:
            if order.deleted_at <= at:
                insort(found, (order.deleted_at, "ORDER", order.id))
        for product in self.products:
            if product.deleted_at <= at:
                insort(found, (product.deleted_at, "PRODUCT", product.id))
        return [Destroyed(90_000_000 + place, when, kind, subject) for place, (when, kind, subject) in enumerate(found)]


def _tales(product: Product) -> list[list[tuple[Instant, object]]]:
    tales: list[Sequence[tuple[Instant, object]]] = [product.titles, product.statuses]
    for variant in product.variants:
        tales += [variant.prices, variant.costs]
    return [list(each) for each in tales]


class World:
    """Shops with a clock that stands at ``end`` unless a server is told otherwise."""

    def __init__(self, histories: Sequence[ShopHistory], end: datetime) -> None:
        self.end = end if end.tzinfo else end.replace(tzinfo=UTC)
        self._histories = {history.shop.account: history for history in histories}
        self.ads: list[AdAccount] = []

    @property
    def shops(self) -> list[Shop]:
        return [history.shop for history in self._histories.values()]

    def shop(self, account: str) -> Shop:
        return self.history(account).shop

    def history(self, account: str) -> ShopHistory:
        if account not in self._histories:
            raise KeyError(f"No shop {account!r} in this world; it has {', '.join(self._histories)}.")
        return self._histories[account]

    def ad_account(self, account: str, platform: str) -> AdAccount:
        """The ad account of a shop at ``meta`` or ``tiktok``."""
        for each in self.ads:
            if (each.history.shop.account, each.platform) == (account, platform):
                return each
        raise KeyError(f"Shop {account!r} has no ad account at {platform} in this world.")

    def visits(self, account: str) -> Visits:
        """The books of a shop's visits, expenses and balances."""
        visits = self.history(account).visits
        if visits is None:
            raise KeyError(f"Shop {account!r} has no visits in this world.")
        return visits

    def books(self, account: str, at: datetime | None = None) -> Books:
        """The integer books of a shop as they stood at an instant (default: the world's end)."""
        return self.history(account).books(seconds(self.end if at is None else at))

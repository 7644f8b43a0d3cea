"""The history of one shop, and its books: the shop's data as of an instant."""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from zoneinfo import ZoneInfo

from simulator.books import NEVER, Customer, Instant, Order, Product, Shop

FIRST_DELETION_ID = 90_000_000


@dataclass(frozen=True)
class Deletion:
    """A deleted object: ``kind`` is ORDER or PRODUCT, ``subject`` its id."""

    id: int
    at: Instant
    kind: str
    subject: int


@dataclass
class Books:
    """One shop at one instant. ``orders``, ``customers`` and ``products`` exist at that instant, oldest first."""

    shop: Shop
    at: Instant
    orders: list[Order]
    customers: list[Customer]
    products: list[Product]
    deletions: list[Deletion]
    updated_at: dict[int, Instant] = field(repr=False)  # by order id

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.shop.time_zone)

    @cached_property
    def orders_by_customer(self) -> dict[int, list[Order]]:
        """The orders of each customer id, without test orders."""
        orders: dict[int, list[Order]] = {}
        for order in self.orders:
            if order.customer is not None and not order.test:
                orders.setdefault(order.customer.id, []).append(order)
        return orders


@dataclass
class ShopHistory:
    """All past and scheduled events of a shop.

    ``advance(instant)`` runs the simulation until that instant and returns whether it added anything. It only appends:
    the past never changes. A shop of recorded orders has no ``advance``.
    """

    shop: Shop
    orders: list[Order] = field(default_factory=list)
    customers: list[Customer] = field(default_factory=list)
    products: list[Product] = field(default_factory=list)
    advance: Callable[[Instant], bool] | None = None
    _changes: dict[int, list[Instant]] = field(default_factory=dict, repr=False)  # by order id
    _all_changes: list[Instant] = field(default_factory=list, repr=False)
    _cached: tuple[int, Books] | None = field(default=None, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def books(self, at: Instant) -> Books:
        """The books as of ``at``. Calls with no change between their instants return the same object."""
        with self._lock:
            if (self.advance is not None and self.advance(at)) or not self._all_changes:
                self._index()
            key = bisect_right(self._all_changes, at)
            if self._cached is None or self._cached[0] != key:
                self._cached = (key, self._snapshot(at))
            return self._cached[1]

    def orders_until(self, at: Instant) -> list[Order]:
        """Every order placed until ``at``, and perhaps later ones, oldest first, with their future changes."""
        with self._lock:
            if self.advance is not None and self.advance(at):
                self._index()
            return self.orders

    def _index(self) -> None:
        self._changes = {order.id: sorted(set(order.instants())) for order in self.orders}
        instants: set[Instant] = set()
        instants.update(*self._changes.values())
        instants.update(order.deleted_at for order in self.orders)
        for customer in self.customers:
            instants.update(customer.order_instants, (at for at, _ in customer.names))
        for product in self.products:
            instants.update((product.created_at, product.deleted_at), _product_changes(product))
        self._all_changes = sorted(instants)
        self._cached = None

    def _snapshot(self, at: Instant) -> Books:
        orders: list[Order] = []
        updated_at: dict[int, Instant] = {}
        for order in self.orders:
            if order.created_at > at or order.deleted_at <= at:
                continue
            changes = self._changes[order.id]
            past = bisect_right(changes, at)
            updated_at[order.id] = changes[past - 1]
            final = past == len(changes) and order.deleted_at == NEVER
            orders.append(order if final else order.at(at))
        return Books(
            shop=self.shop,
            at=at,
            orders=orders,
            customers=[customer for customer in self.customers if customer.created_at <= at],
            products=[product for product in self.products if product.created_at <= at < product.deleted_at],
            deletions=self._deletions(at),
            updated_at=updated_at,
        )

    def _deletions(self, at: Instant) -> list[Deletion]:
        deleted = [(order.deleted_at, "ORDER", order.id) for order in self.orders if order.deleted_at <= at]
        deleted += [(item.deleted_at, "PRODUCT", item.id) for item in self.products if item.deleted_at <= at]
        return [Deletion(FIRST_DELETION_ID + place, *deletion) for place, deletion in enumerate(sorted(deleted))]


def _product_changes(product: Product) -> Iterator[Instant]:
    for history in (product.titles, product.statuses):
        yield from (at for at, _ in history)
    for variant in product.variants:
        yield from (at for at, _ in variant.prices)
        yield from (at for at, _ in variant.costs)

"""The books of a shop's visits: what its pages and its purse would show at an instant.

Instants are integer seconds since 1970 (UTC), days are the shop's calendar days, money is integer minor units. What
was true before an instant never changes, except by events that arrive late.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from simulator.books import Instant, Order
from simulator.history import ShopHistory
from simulator.scenarios.visits.expenses import Balance, Company, Expense
from simulator.scenarios.visits.visitors import BEFORE, HOUR, LATE, OUTAGE, Crowd, Event


class Session(NamedTuple):
    """One visit, by the events that have arrived: ``session_id`` as its sender told it, None where it told none.

    ``add_to_carts`` counts the event, also where the thing was taken out again. An order is one that was submitted.
    """

    session_id: str | None
    started_at: Instant
    ended_at: Instant
    user_id: str | None
    anonymous_id: str | None
    utm_source: str | None
    utm_campaign: str | None
    page_views: int
    add_to_carts: int
    has_checkout: bool
    order_id: str | None

    @property
    def user_key(self) -> str | None:
        """The user, else the browser."""
        return self.user_id or self.anonymous_id

    @property
    def has_cart(self) -> bool:
        return self.add_to_carts > 0

    @property
    def has_order(self) -> bool:
        return self.order_id is not None


class DailyVisits(NamedTuple):
    """The visits that began on a day of the shop's; ``visitors`` are distinct user keys."""

    sessions: int = 0
    visitors: int = 0
    with_cart: int = 0
    reached_checkout: int = 0
    ordered: int = 0
    cart_ordered: int = 0
    add_to_carts: int = 0


@dataclass
class Visits:
    """A shop's visits, events, expenses and balances, made day by day when asked for, and never kept."""

    history: ShopHistory
    crowd: Crowd
    company: Company
    _orders: dict[int, list[Order]] = field(default_factory=dict, repr=False)  # of the web, by the day's number
    _settled: dict[date, DailyVisits] = field(default_factory=dict, repr=False)
    _seen: int = 0
    _ids: list[str] = field(default_factory=list, repr=False)  # of the customers, as far as they were asked for
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    # --- what has arrived by an instant

    def deliveries(self, at: Instant, since: Instant = 0) -> Iterator[list[Event]]:
        """The events that arrive from ``since`` until ``at``, both included, a list for each day of making.

        An event that is delivered twice comes twice. One that is made with a day arrives from half an hour before that
        day until two days after it.
        """
        for number in self._numbers(at, since):
            made = [event for visit in self._visits(number) for event in visit] + self._app(number)
            yield [event for event in made if since <= event.received_at <= at]

    def events(self, at: Instant) -> list[Event]:
        """Every event that has arrived, once, in its newest delivery, by occurrence and id."""
        newest: dict[str, Event] = {}
        for event in (event for day in self.deliveries(at) for event in day):
            known = newest.get(event.event_id)
            if known is None or known.received_at < event.received_at:
                newest[event.event_id] = event
        return sorted(newest.values(), key=lambda event: (event.occurred_at, event.event_id))

    def sessions(self, at: Instant) -> list[Session]:
        """Every visit of which an event has arrived, by its beginning. Calls of the API and features are no visits."""
        found = [session for number in self._numbers(at) for session in self._sessions(number, at)]
        return sorted(found, key=lambda session: (session.started_at, session.session_id or ""))

    def days(self, at: Instant) -> dict[date, DailyVisits]:
        """Each day from the first to today, the shop's, and its visits as far as they have arrived."""
        with self._lock:
            today = self.crowd.number(at)
            first = next((n for n in range(today + 1) if not self._kept(n, at)), today)
            found: dict[date, list[Session]] = {self._date(n): [] for n in range(first, today + 1)}
            for number in self._numbers(at):
                if number < first:
                    continue
                for session in self._sessions(number, at):
                    day = self._date(self.crowd.number(session.started_at))
                    if day in found:
                        found[day].append(session)
            counted = {day: count(sessions) for day, sessions in found.items()}
            for number in range(first, today + 1):
                if self._over(number, at):
                    self._settled[self._date(number)] = counted[self._date(number)]
            return {self._date(n): self._settled[self._date(n)] for n in range(first)} | counted

    def expenses(self, at: Instant) -> list[Expense]:
        """The operating expenses that are known, by month, category and kind.

        What is fixed is known when its month begins, what varies when it is over.
        """
        return self.company.expenses(self._all_orders(at), at)

    def balances(self, at: Instant) -> list[Balance]:
        """What the bank showed at the end of the 10th, the 20th and the last day of each month, by day and account."""
        return self.company.balances(self._all_orders(at), at)

    def outages(self, at: Instant) -> list[date]:
        """The days that are over on which more than one call of the API in a hundred failed (5xx)."""
        first, every = OUTAGE
        return [self._date(n) for n in range(first, self.crowd.number(at), every)]

    # --- how they are made

    def _kept(self, number: int, at: Instant) -> bool:
        return self._over(number, at) and self._date(number) in self._settled

    def _over(self, number: int, at: Instant) -> bool:
        """Whether nothing of a day can arrive any more."""
        return self.crowd.midnight(number + 1) + LATE + HOUR <= at

    def _date(self, number: int) -> date:
        return self.crowd.start + timedelta(days=number)

    def _numbers(self, at: Instant, since: Instant = 0) -> range:
        """The days of which something may have arrived between two instants."""
        self._learn(at)
        first = self.crowd.number(since) - 3 if since else 0
        return range(max(0, first), max(0, self.crowd.number(at + BEFORE) + 1))

    def _learn(self, at: Instant) -> None:
        """Looks at the shop's orders until a little later: a visit begins before its order."""
        with self._lock:
            new = self.history.orders_until(at + HOUR)[self._seen :]  # another thread may add to it meanwhile
            self._seen += len(new)
            for order in new:
                if order.source == "web" and not order.test and order.processed_at == order.created_at:
                    self._orders.setdefault(self.crowd.number(order.created_at), []).append(order)

    def _all_orders(self, at: Instant) -> list[Order]:
        return self.history.orders_until(at + HOUR)

    def _known(self, number: int) -> list[str]:
        """The customers known when a day begins."""
        customers = self.history.customers
        until = bisect_left(customers, self.crowd.midnight(number), key=lambda customer: customer.created_at)
        with self._lock:
            self._ids += [str(customer.id) for customer in customers[len(self._ids) : until]]
            return self._ids[:until]

    def _visits(self, number: int) -> list[list[Event]]:
        orders_of = {n: len(self._orders.get(n, ())) for n in range(max(0, number - 31), number)}
        return self.crowd.visits(number, self._orders.get(number, []), self._known(number), orders_of)

    def _app(self, number: int) -> list[Event]:
        return self.crowd.app(number, len(self._orders.get(number, ())), self._known(number))

    def _sessions(self, number: int, at: Instant) -> Iterator[Session]:
        for visit in self._visits(number):
            arrived = {event.event_id: event for event in visit if event.received_at <= at}
            if arrived:
                yield _session(list(arrived.values()))


def _session(events: list[Event]) -> Session:
    first, names = events[0], [event.event_name for event in events]
    return Session(
        session_id=first.session_id,
        started_at=first.occurred_at,
        ended_at=events[-1].occurred_at,
        user_id=first.user_id,
        anonymous_id=first.anonymous_id,
        utm_source=first.utm_source,
        utm_campaign=first.utm_campaign,
        page_views=names.count("page_view"),
        add_to_carts=names.count("add_to_cart"),
        has_checkout="checkout_started" in names,
        order_id=events[-1].order_id,
    )


def count(sessions: Iterable[Session]) -> DailyVisits:
    """The numbers of some visits."""
    sessions = list(sessions)
    return DailyVisits(
        sessions=len(sessions),
        visitors=len({session.user_key for session in sessions}),
        with_cart=sum(session.has_cart for session in sessions),
        reached_checkout=sum(session.has_checkout for session in sessions),
        ordered=sum(session.has_order for session in sessions),
        cart_ordered=sum(session.has_cart and session.has_order for session in sessions),
        add_to_carts=sum(session.add_to_carts for session in sessions),
    )

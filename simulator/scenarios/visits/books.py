"""The books of a shop's visits: sessions, events, expenses and bank balances as of an instant.

Instants are integer seconds since 1970 (UTC), days are calendar days of the shop, money is integer minor units. Only
events that arrive late change the past.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from simulator.books import HOUR, Instant, Order
from simulator.history import ShopHistory
from simulator.scenarios.visits.annotations import Annotation, annotations_of
from simulator.scenarios.visits.expenses import Balance, Expense, Finances
from simulator.scenarios.visits.visitors import (
    FIRST_OUTAGE,
    LATEST_DELIVERY,
    LONGEST_VISIT,
    OUTAGE_EVERY,
    Event,
    Visitors,
)


class Session(NamedTuple):
    """One visit, from the events that have arrived; ``session_id`` is None where the sender reports none.

    ``add_to_carts`` also counts what was removed from the cart again. ``order_id`` is of a submitted order.
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
        """The user, or the browser of an unknown user."""
        return self.user_id or self.anonymous_id

    @property
    def has_cart(self) -> bool:
        return self.add_to_carts > 0

    @property
    def has_order(self) -> bool:
        return self.order_id is not None


class DailyVisits(NamedTuple):
    """Totals of the visits that began on a day; ``visitors`` are distinct user keys."""

    sessions: int = 0
    visitors: int = 0
    with_cart: int = 0
    reached_checkout: int = 0
    ordered: int = 0
    cart_ordered: int = 0
    add_to_carts: int = 0


@dataclass
class Visits:
    """Visits, events, expenses and balances of a shop. Events are drawn again for each question, day by day."""

    history: ShopHistory
    visitors: Visitors
    finances: Finances
    _orders: dict[int, list[Order]] = field(default_factory=dict, repr=False)  # web orders by the number of their day
    _final: dict[date, DailyVisits] = field(default_factory=dict, repr=False)
    _orders_read: int = 0
    _ids: list[str] = field(default_factory=list, repr=False)  # of the customers that were asked for
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    # --- what has arrived by an instant

    def deliveries(self, at: Instant, since: Instant = 0) -> Iterator[list[Event]]:
        """The events that arrive from ``since`` to ``at``, both included, one list per day to which they belong.

        An event that is delivered twice occurs twice. The events of a day arrive between half an hour before the day
        and two days after it.
        """
        for number in self._day_numbers(at, since):
            events = [event for visit in self._visits(number) for event in visit] + self._app_events(number)
            yield [event for event in events if since <= event.received_at <= at]

    def events(self, at: Instant) -> list[Event]:
        """Every event that has arrived, in its newest delivery, by occurrence and id."""
        newest: dict[str, Event] = {}
        for event in (event for day in self.deliveries(at) for event in day):
            known = newest.get(event.event_id)
            if known is None or known.received_at < event.received_at:
                newest[event.event_id] = event
        return sorted(newest.values(), key=lambda event: (event.occurred_at, event.event_id))

    def sessions(self, at: Instant) -> list[Session]:
        """Every visit with an event that has arrived, by its begin. API calls and uses of features are no visits."""
        sessions = [session for number in self._day_numbers(at) for session in self._sessions(number, at)]
        return sorted(sessions, key=lambda session: (session.started_at, session.session_id or ""))

    def days(self, at: Instant) -> dict[date, DailyVisits]:
        """The totals of each of the shop's days until today, from the visits that have arrived."""
        with self._lock:
            today = self.visitors.day_number(at)
            first = next((number for number in range(today + 1) if not self._is_final(number, at)), today)
            sessions: dict[date, list[Session]] = {self._date(number): [] for number in range(first, today + 1)}
            for number in self._day_numbers(at):
                if number < first:
                    continue
                for session in self._sessions(number, at):
                    day = self._date(self.visitors.day_number(session.started_at))
                    if day in sessions:
                        sessions[day].append(session)
            totals = {day: total(visits) for day, visits in sessions.items()}
            for number in range(first, today + 1):
                if self._is_complete(number, at):
                    self._final[self._date(number)] = totals[self._date(number)]
            return {self._date(number): self._final[self._date(number)] for number in range(first)} | totals

    def expenses(self, at: Instant) -> list[Expense]:
        """The known operating expenses, by month, category and kind."""
        return self.finances.expenses(self._all_orders(at), at)

    def balances(self, at: Instant) -> list[Balance]:
        """The bank balances of the 10th, the 20th and the last day of each month, by day and account."""
        return self.finances.balances(self._all_orders(at), at)

    def annotations(self, at: Instant) -> list[Annotation]:
        """The promotions and events that have begun, by day."""
        today = self._date(self.visitors.day_number(at))
        return annotations_of(self.history.shop.account, self.visitors.start, today)

    def outages(self, at: Instant) -> list[date]:
        """The past days on which more than one API call in a hundred failed (5xx)."""
        return [self._date(number) for number in range(FIRST_OUTAGE, self.visitors.day_number(at), OUTAGE_EVERY)]

    def of_day(self, number: int) -> tuple[list[Order], list[list[Event]]]:
        """The web orders of a day and the events of its visits, late ones too; the shop is simulated until then."""
        self._read_orders(self.visitors.midnight(number + 1))
        return self._orders.get(number, []), self._visits(number)

    # --- how they are drawn

    def _is_final(self, number: int, at: Instant) -> bool:
        return self._is_complete(number, at) and self._date(number) in self._final

    def _is_complete(self, number: int, at: Instant) -> bool:
        """Whether all events of a day have arrived."""
        return self.visitors.midnight(number + 1) + LATEST_DELIVERY + HOUR <= at

    def _date(self, number: int) -> date:
        return self.visitors.start + timedelta(days=number)

    def _day_numbers(self, at: Instant, since: Instant = 0) -> range:
        """The days with events that may have arrived between two instants."""
        self._read_orders(at)
        first = self.visitors.day_number(since) - 3 if since else 0
        return range(max(0, first), max(0, self.visitors.day_number(at + LONGEST_VISIT) + 1))

    def _read_orders(self, at: Instant) -> None:
        """Reads the shop's new orders, one hour ahead: a visit begins before its order."""
        with self._lock:
            new = self.history.orders_until(at + HOUR)[self._orders_read :]  # a copy: another thread may add orders
            self._orders_read += len(new)
            for order in new:
                if order.source == "web" and not order.test and order.processed_at == order.created_at:
                    self._orders.setdefault(self.visitors.day_number(order.created_at), []).append(order)

    def _all_orders(self, at: Instant) -> list[Order]:
        return self.history.orders_until(at + HOUR)

    def _customers(self, number: int) -> list[str]:
        """The ids of the customers known when a day begins."""
        customers = self.history.customers
        until = bisect_left(customers, self.visitors.midnight(number), key=lambda customer: customer.created_at)
        with self._lock:
            self._ids += [str(customer.id) for customer in customers[len(self._ids) : until]]
            return self._ids[:until]

    def _visits(self, number: int) -> list[list[Event]]:
        counts = {day: len(self._orders.get(day, ())) for day in range(max(0, number - 31), number)}
        return self.visitors.visits(number, self._orders.get(number, []), self._customers(number), counts)

    def _app_events(self, number: int) -> list[Event]:
        return self.visitors.app_events(number, len(self._orders.get(number, ())), self._customers(number))

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


def total(sessions: Iterable[Session]) -> DailyVisits:
    """The totals of visits."""
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

"""Web analytics from single events: sessions, funnels, users, features.

A session is the events with the same session id, or without one, the events of a person without a gap of 30 minutes.
API calls and uses of a feature without a session id belong to no session. Days are the tenant's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from simulator import World
from simulator.world import seconds
from tests.oracle.facts import counted_orders
from tests.oracle.marts import Row, Table

SESSION_GAP = 30 * 60
APP_EVENTS = {"api_call", "feature_used"}
DIRECT = "direct"


@dataclass(frozen=True)
class Event:
    """An event of an events file; ``at`` is seconds since 1970."""

    id: str
    at: int
    name: str
    user: str | None = None
    anonymous: str | None = None
    session: str | None = None
    order: str | None = None
    source: str | None = None
    campaign: str | None = None
    feature: str | None = None
    status: int | None = None

    @property
    def person(self) -> str | None:
        return self.user or self.anonymous

    def day(self, zone: ZoneInfo) -> date:
        return datetime.fromtimestamp(self.at, UTC).astimezone(zone).date()


@lru_cache(maxsize=8)  # safe: the past of a world does not change
def events(world: World, account: str, at: datetime | None = None) -> tuple[Event, ...]:
    """Every event of a shop that arrived by an instant, once."""
    arrived = world.visits(account).events(seconds(world.end if at is None else at))
    return tuple(
        Event(
            event.event_id, event.occurred_at, event.event_name, event.user_id, event.anonymous_id, event.session_id,
            event.order_id, event.utm_source, event.utm_campaign, event.feature, event.status_code,
        )
        for event in arrived
    )  # fmt: skip


@dataclass(frozen=True)
class Session:
    """The events of one visit, oldest first."""

    events: tuple[Event, ...]

    def day(self, zone: ZoneInfo) -> date:
        return self.events[0].day(zone)

    @property
    def person(self) -> str | None:
        return next((event.person for event in self.events if event.person), None)

    @property
    def source(self) -> str:
        return next((event.source for event in self.events if event.source), DIRECT)

    @property
    def campaign(self) -> str | None:
        return next((event.campaign for event in self.events if event.campaign), None)

    def count(self, name: str) -> int:
        return sum(event.name == name for event in self.events)

    def has(self, name: str) -> bool:
        return self.count(name) > 0

    @property
    def order(self) -> str | None:
        return next((event.order for event in self.events if event.name == "order_submitted"), None)

    def last_step(self, sent: Collection[str]) -> int:
        """The last of VISIT_STEPS that the session reached. sent: the ids of orders whose parcels all left."""
        if self.has("order_submitted"):
            return 5 if self.order in sent else 4
        return 3 if self.has("checkout_started") else 2 if self.has("add_to_cart") else 1

    @property
    def row(self) -> Row:
        """The numbers that the session adds to its day."""
        cart, ordered = self.has("add_to_cart"), self.has("order_submitted")
        return {
            "sessions": 1, "sessions_with_cart": int(cart), "sessions_ordered": int(ordered),
            "sessions_reached_checkout": int(self.has("checkout_started")),
            "cart_sessions_ordered": int(cart and ordered), "add_to_carts": self.count("add_to_cart"),
        }  # fmt: skip


def sessions(events: Iterable[Event]) -> list[Session]:
    """Every session, by its begin."""
    by_id: dict[str, list[Event]] = {}
    by_person: dict[str, list[Event]] = {}  # events without a session id
    for event in sorted(events, key=lambda event: (event.at, event.id)):
        if event.session:
            by_id.setdefault(event.session, []).append(event)
        elif event.name not in APP_EVENTS and event.person:
            by_person.setdefault(event.person, []).append(event)
    groups = [tuple(group) for group in by_id.values()]
    for group in by_person.values():
        start = 0
        for place in range(1, len(group) + 1):
            if place == len(group) or group[place].at - group[place - 1].at >= SESSION_GAP:
                groups.append(tuple(group[start:place]))
                start = place
    return sorted(map(Session, groups), key=lambda session: (session.events[0].at, session.events[0].id))


def sessions_daily(events: Sequence[Event], zone: ZoneInfo) -> dict[tuple[date, str], Row]:
    """The rows of the mart ``sessions_daily`` of the events, by (day, traffic source)."""
    table: Table[tuple[date, str]] = Table()
    people: dict[tuple[date, str], set[str | None]] = {}
    for session in sessions(events):
        key = session.day(zone), session.source
        people.setdefault(key, set()).add(session.person)
        for name, amount in session.row.items():
            table[key][name] += amount
    for key, persons in people.items():
        table[key]["visitors"] = len(persons)
    return table.rows()


def web_daily(events: Sequence[Event], zone: ZoneInfo) -> dict[date, Row]:
    """Sessions, users and app events by day; a visitor with two traffic sources counts once."""
    table: Table[date] = Table()
    people: dict[date, set[str | None]] = {}
    for session in sessions(events):
        people.setdefault(session.day(zone), set()).add(session.person)
        for name, amount in session.row.items():
            table[session.day(zone)][name] += amount
    for day, persons in people.items():
        table[day]["visitors"] = len(persons)
    for day, row in app_daily(events, zone).items():
        table[day].update(row)
    for day, _ in {(event.day(zone), event.user) for event in events if event.user}:
        table[day]["user_days"] += 1
    return table.rows()


def app_daily(events: Iterable[Event], zone: ZoneInfo) -> dict[date, Row]:
    """API calls, failed API calls and uses of features by day."""
    table: Table[date] = Table()
    for event in events:
        row = table[event.day(zone)]
        if event.name == "api_call":
            row["api_calls"] += 1
            row["api_errors"] += event.status is not None and event.status >= 500
        row["feature_uses"] += event.name == "feature_used"
    return table.rows()


def activity_daily(events: Sequence[Event], zone: ZoneInfo) -> dict[date, Row]:
    """Persons with a user id, all persons, all persons of 30 days: for each day from the first to the last event."""
    people: dict[date, set[str]] = {}
    users: dict[date, set[str]] = {}
    for event in events:
        day = event.day(zone)
        people.setdefault(day, set()).update([event.person] if event.person else [])
        users.setdefault(day, set()).update([event.user] if event.user else [])
    rows: dict[date, Row] = {}
    day = min(people, default=date.max)
    while people and day <= max(people):
        month = [people.get(day - timedelta(days=back), set()) for back in range(30)]
        rows[day] = {"daily_users": len(users.get(day, set())), "active_users": len(people.get(day, set())),
                     "mau": len(set().union(*month))}  # fmt: skip
        day += timedelta(days=1)
    return rows


def feature_daily(events: Sequence[Event], zone: ZoneInfo) -> dict[tuple[str, date], Row]:
    """Uses, persons who used it, and all persons of the day, by (feature, day)."""
    active = activity_daily(events, zone)
    table: Table[tuple[str, date]] = Table()
    people: dict[tuple[str, date], set[str | None]] = {}
    for event in events:
        if event.name == "feature_used" and event.feature:
            key = event.feature, event.day(zone)
            table[key]["feature_uses"] += 1
            people.setdefault(key, set()).add(event.person)
    for (feature, day), persons in people.items():
        row = table[feature, day]
        row["feature_users"], row["active_users"] = len(persons - {None}), active[day]["active_users"]
    return table.rows()


ORDER_STEPS = ("Sessions Started", "Sessions Completed", "Orders Confirmed", "Orders Shipped")
VISIT_STEPS = ("Visited", "Cart", "Checkout", "Ordered", "Shipped")
WEB_STEPS = {"Sessions": "sessions", "Added to cart": "sessions_with_cart",
             "Reached checkout": "sessions_reached_checkout", "Ordered": "sessions_ordered"}  # fmt: skip


def funnel_daily(world: World, account: str, at: datetime | None = None) -> dict[tuple[str, int, date], int]:
    """How many reached a step, by (funnel, step number, day).

    The last step of ``orders`` is orders whose status is SHIPPED, that of ``orders_ever`` is orders that were ever
    shipped; ``web`` has sessions, and so has ``visits``, where a session counts in each step up to the last it
    reached. Sessions count on the day of their begin, orders on their own day.
    """
    zone, counts = ZoneInfo(world.shop(account).time_zone), dict[tuple[str, int, date], int]()

    def add(funnel: str, step: int, day: date, count: int) -> None:
        if count:
            counts[funnel, step, day] = counts.get((funnel, step, day), 0) + count

    for day, row in web_daily(events(world, account, at), zone).items():
        for step, name in enumerate(WEB_STEPS.values(), 1):
            add("web", step, day, row.get(name, 0))
        for funnel in ("orders", "orders_ever"):
            add(funnel, 1, day, row.get("sessions_reached_checkout", 0))
            add(funnel, 2, day, row.get("sessions_ordered", 0))
    orders = counted_orders(world.books(account, at))
    sent = {str(order.order.id) for order in orders if order.was_shipped}
    for session in sessions(events(world, account, at)):
        for step in range(1, session.last_step(sent) + 1):
            add("visits", step, session.day(zone), 1)
    for order in orders:
        for funnel, shipped in (("orders", order.status == "SHIPPED"), ("orders_ever", order.was_shipped)):
            add(funnel, 3, order.order_day, order.is_completed)
            add(funnel, 4, order.order_day, shipped)
    return counts

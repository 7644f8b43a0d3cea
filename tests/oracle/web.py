"""Visits from single events: sessions, funnels, people, features.

A session is the id that came with its events; else what one person did without a break of 30 minutes.  Calls of the
programming interface and uses of a feature that bring no session's id are in none.  Days are the tenant's.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from simulator import World
from simulator.world import seconds
from tests.oracle.facts import placed
from tests.oracle.marts import Row, Table

BREAK = 30 * 60
APP = {"api_call", "feature_used"}
DIRECT = "direct"


@dataclass(frozen=True)
class Event:
    """What happened, in the words of an events file; ``at`` is seconds since 1970."""

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


@lru_cache(maxsize=8)  # pure: a world does not change its past
def events(world: World, account: str, at: datetime | None = None) -> tuple[Event, ...]:
    """Every event of a shop that had arrived by an instant, each once."""
    told = world.visits(account).events(seconds(world.end if at is None else at))
    return tuple(
        Event(
            each.event_id, each.occurred_at, each.event_name, each.user_id, each.anonymous_id, each.session_id,
            each.order_id, each.utm_source, each.utm_campaign, each.feature, each.status_code,
        )
        for each in told
    )  # fmt: skip


@dataclass(frozen=True)
class Session:
    """The events of one visit, oldest first."""

    events: tuple[Event, ...]

    def day(self, zone: ZoneInfo) -> date:
        return self.events[0].day(zone)

    @property
    def person(self) -> str | None:
        return next((each.person for each in self.events if each.person), None)

    @property
    def source(self) -> str:
        return next((each.source for each in self.events if each.source), DIRECT)

    def count(self, name: str) -> int:
        return sum(each.name == name for each in self.events)

    def has(self, name: str) -> bool:
        return self.count(name) > 0

    @property
    def order(self) -> str | None:
        return next((each.order for each in self.events if each.name == "order_submitted"), None)

    @property
    def row(self) -> Row:
        """What a session adds to its day."""
        cart, ordered = self.has("add_to_cart"), self.has("order_submitted")
        return {
            "sessions": 1, "sessions_with_cart": int(cart), "sessions_ordered": int(ordered),
            "sessions_reached_checkout": int(self.has("checkout_started")),
            "cart_sessions_ordered": int(cart and ordered), "add_to_carts": self.count("add_to_cart"),
        }  # fmt: skip


def sessions(events: Iterable[Event]) -> list[Session]:
    """Every visit, by its beginning."""
    given: dict[str, list[Event]] = {}
    alone: dict[str, list[Event]] = {}
    for each in sorted(events, key=lambda event: (event.at, event.id)):
        if each.session:
            given.setdefault(each.session, []).append(each)
        elif each.name not in APP and each.person:
            alone.setdefault(each.person, []).append(each)
    found = [tuple(of) for of in given.values()]
    for of in alone.values():
        start = 0
        for place in range(1, len(of) + 1):
            if place == len(of) or of[place].at - of[place - 1].at >= BREAK:
                found.append(tuple(of[start:place]))
                start = place
    return sorted(map(Session, found), key=lambda each: (each.events[0].at, each.events[0].id))


def sessions_daily(events: Sequence[Event], zone: ZoneInfo) -> dict[tuple[date, str], Row]:
    """(day, traffic source) to the row of the mart ``sessions_daily`` of the events' source."""
    table: Table[tuple[date, str]] = Table()
    people: dict[tuple[date, str], set[str | None]] = {}
    for each in sessions(events):
        key = each.day(zone), each.source
        people.setdefault(key, set()).add(each.person)
        for name, amount in each.row.items():
            table[key][name] += amount
    for key, who in people.items():
        table[key]["visitors"] = len(who)
    return table.done()


def web_daily(events: Sequence[Event], zone: ZoneInfo) -> dict[date, Row]:
    """Day to its visits and what happened in the app; a visitor with two traffic sources is one."""
    table: Table[date] = Table()
    people: dict[date, set[str | None]] = {}
    for each in sessions(events):
        people.setdefault(each.day(zone), set()).add(each.person)
        for name, amount in each.row.items():
            table[each.day(zone)][name] += amount
    for day, who in people.items():
        table[day]["visitors"] = len(who)
    for day, row in app_daily(events, zone).items():
        table[day].update(row)
    return table.done()


def app_daily(events: Iterable[Event], zone: ZoneInfo) -> dict[date, Row]:
    """Day to calls, failed calls and uses of features."""
    table: Table[date] = Table()
    for each in events:
        row = table[each.day(zone)]
        if each.name == "api_call":
            row["api_calls"] += 1
            row["api_errors"] += each.status is not None and each.status >= 500
        row["feature_uses"] += each.name == "feature_used"
    return table.done()


def activity_daily(events: Sequence[Event], zone: ZoneInfo) -> dict[date, Row]:
    """Every day from the first to the last event: people known by user id, all people, those of 30 days."""
    people: dict[date, set[str]] = {}
    users: dict[date, set[str]] = {}
    for each in events:
        day = each.day(zone)
        people.setdefault(day, set()).update([each.person] if each.person else [])
        users.setdefault(day, set()).update([each.user] if each.user else [])
    found: dict[date, Row] = {}
    day = min(people, default=date.max)
    while people and day <= max(people):
        month = [people.get(day - timedelta(days=back), set()) for back in range(30)]
        found[day] = {"daily_users": len(users.get(day, set())), "active_users": len(people.get(day, set())),
                      "mau": len(set().union(*month))}  # fmt: skip
        day += timedelta(days=1)
    return found


def feature_daily(events: Sequence[Event], zone: ZoneInfo) -> dict[tuple[str, date], Row]:
    """(feature, day) to uses, people who used it, and all people of the day."""
    active = activity_daily(events, zone)
    table: Table[tuple[str, date]] = Table()
    who: dict[tuple[str, date], set[str | None]] = {}
    for each in events:
        if each.name == "feature_used" and each.feature:
            key = each.feature, each.day(zone)
            table[key]["feature_uses"] += 1
            who.setdefault(key, set()).add(each.person)
    for (feature, day), people in who.items():
        row = table[feature, day]
        row["feature_users"], row["active_users"] = len(people - {None}), active[day]["active_users"]
    return table.done()


ORDER_STEPS = ("Sessions Started", "Sessions Completed", "Orders Confirmed", "Orders Shipped")
WEB_STEPS = {"Sessions": "sessions", "Added to cart": "sessions_with_cart",
             "Reached checkout": "sessions_reached_checkout", "Ordered": "sessions_ordered"}  # fmt: skip


def funnel_daily(world: World, account: str, at: datetime | None = None) -> dict[tuple[str, int, date], int]:
    """(funnel, step number, day) to how many reached it.

    ``orders`` as the first requirements have it, its last step those that stand as shipped; ``orders_ever`` those that
    were ever shipped; ``web`` by the visits.  Visits by the day they began, orders by their own.
    """
    zone, found = ZoneInfo(world.shop(account).time_zone), dict[tuple[str, int, date], int]()

    def add(funnel: str, step: int, day: date, count: int) -> None:
        if count:
            found[funnel, step, day] = found.get((funnel, step, day), 0) + count

    for day, row in web_daily(events(world, account, at), zone).items():
        for step, name in enumerate(WEB_STEPS.values(), 1):
            add("web", step, day, row.get(name, 0))
        for funnel in ("orders", "orders_ever"):
            add(funnel, 1, day, row.get("sessions_reached_checkout", 0))
            add(funnel, 2, day, row.get("sessions_ordered", 0))
    for order in placed(world.books(account, at)):
        for funnel, shipped in (("orders", order.status == "SHIPPED"), ("orders_ever", order.was_shipped)):
            add(funnel, 3, order.own_day, order.is_completed)
            add(funnel, 4, order.own_day, shipped)
    return found

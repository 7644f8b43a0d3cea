"""One day's visitors: those who ordered, many more who did not, and a few planted ones.

Day ``number`` is drawn from the seed, the shop and the day's own orders, so that a later instant only adds days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache, cached_property
from random import Random
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from simulator.books import Instant, Order, Shop
from simulator.scenarios.ads.plan import EVERY, LIFE, Plan, draw

OTHERS = 14  # visits without an order for each order of the web
CART, CHECKOUT = 0.08, 0.04  # of these visits
BEFORE = 30 * 60  # an order's visit begins at most so long before it
LATE = 2 * 86_400
OUTAGE = (45, 120)  # the day of the first outage, and the days between two
MINUTE, HOUR = 60, 3_600
Utm = tuple[str | None, str | None, str | None]
DIRECT: Utm = (None, None, None)
ENDPOINTS = ("/v1/orders", "/v1/products", "/v1/cart", "/v1/customers/me", "/v1/search")
FEATURES = ("wishlist", "size guide", "reorder", "reviews", "gift finder")  # one more every 45 days


class Event(NamedTuple):
    """Something that happened, as its sender tells it; instants are integer seconds since 1970 (UTC)."""

    event_id: str
    occurred_at: Instant
    received_at: Instant
    event_name: str
    user_id: str | None = None
    anonymous_id: str | None = None
    session_id: str | None = None
    utm_source: str | None = None
    utm_medium: str | None = None
    utm_campaign: str | None = None
    order_id: str | None = None
    feature: str | None = None
    endpoint: str | None = None
    status_code: int | None = None
    properties: dict[str, Any] | None = None


class Who(NamedTuple):
    """A visitor and the visit's id, which its sender may not tell."""

    user_id: str | None
    anonymous_id: str
    session_id: str | None


@dataclass(frozen=True)
class Crowd:
    """``plans`` are those of the shop's advertising, ``start`` its first day."""

    shop: Shop
    seed: str
    start: date
    plans: Mapping[str, Plan]

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.shop.time_zone)

    def midnight(self, number: int) -> Instant:
        """When day ``number`` begins in the shop's zone."""
        return int(datetime.combine(self.start + timedelta(days=number), time(), self.zone).timestamp())

    def number(self, at: Instant) -> int:
        """The number of an instant's day in the shop's zone."""
        return (datetime.fromtimestamp(at, self.zone).date() - self.start).days

    def others(self, number: int, orders: int) -> int:
        """How many visits of a day end without an order."""
        return max(3, orders * OTHERS * (90 + draw(self.seed, "visits", number)[0] % 21) // 100)

    def visits(
        self, number: int, orders: Sequence[Order], customers: Sequence[str], orders_of: Mapping[int, int]
    ) -> list[list[Event]]:
        """The day's visits, each with its events in order; one delivered twice is in it twice.

        ``orders`` are the day's own of the web, ``customers`` the ids of those known when it begins, ``orders_of`` the
        number of orders of each day until this one. An order's visit may begin on the day before.
        """
        rng = Random(f"{self.seed}:visits:{number}")
        found = [self._buyer(order, number, rng) for order in orders]
        begin, length = self.midnight(number), self.midnight(number + 1) - self.midnight(number)
        for place in range(self.others(number, len(orders))):
            who = self._who(number, place, customers, orders_of, rng)
            at = begin + int(rng.triangular(0, length - 1, length * 0.62))
            found.append(self._walk(f"v{number}-{place}", at, self._names(rng), who, self._source(number, rng), rng))
        return found + self._planted(number, begin + 12 * HOUR) + self._across(number, begin, length)

    def _buyer(self, order: Order, number: int, rng: Random) -> list[Event]:
        key, customer = f"o{order.id}", order.customer
        who = Who(str(customer.id), f"a{customer.id}", key) if customer else Who(None, f"g{order.id}", key)
        names = ["page_view", "product_viewed", "add_to_cart", "checkout_started", "order_submitted"]
        if rng.random() < 0.3:
            names[2:2] = ["product_viewed", "add_to_cart"]
        length = 4 * MINUTE + int(rng.random() * (BEFORE - 5 * MINUTE))
        begin, utm = max(self.midnight(0), order.created_at - length), self._source(number, rng)
        length = order.created_at - begin
        events = [
            Event(f"{key}-{step}", at, at + 1 + int(rng.random() * 3), name, *who, *utm)
            for step, name in enumerate(names)
            for at in (begin + length * step // (len(names) - 1),)
        ]
        return [*events[:-1], events[-1]._replace(order_id=str(order.id))]

    def _who(self, number: int, place: int, customers: Sequence[str], orders_of: Mapping[int, int], rng: Random) -> Who:
        """A known customer, a stranger who comes back within 30 days, or a new one."""
        key, chance = f"v{number}-{place}", rng.random()
        if chance < 0.12 and customers:
            customer = customers[len(customers) - 1 - int(len(customers) * rng.random() ** 1.5)]
            return Who(customer, f"a{customer}", key)
        if chance < 0.35 and number > 0:
            day = max(0, number - 1 - int(30 * rng.random() ** 2))
            return Who(None, f"v{day}-{int(rng.random() * self.others(day, orders_of.get(day, 0)))}", key)
        return Who(None, key, key)

    def _names(self, rng: Random) -> list[str]:
        chance, names = rng.random(), ["page_view"]
        if chance < 0.25:
            names.append("page_view" if chance > 0.15 else "product_viewed")
        if chance < CART:
            names.append("add_to_cart")
        if chance < CHECKOUT:
            names.append("checkout_started")
        return names

    def _walk(self, key: str, at: Instant, names: Sequence[str], who: Who, utm: Utm, rng: Random) -> list[Event]:
        events = []
        for step, name in enumerate(names):
            event = Event(f"{key}-{step}", at, at + 1 + int(rng.random() * 3), name, *who, *utm)
            events.append(event._replace(properties={"quantity": 1}) if name == "add_to_cart" else event)
            at += 5 + int(rng.random() * 180)
        return events

    def _source(self, number: int, rng: Random) -> Utm:
        chance = rng.random()
        if chance < 0.40:
            return DIRECT
        if chance < 0.62:
            return ("google", "organic" if chance < 0.55 else "cpc", None)
        if chance < 0.72:
            return ("newsletter", "email", f"{self.start + timedelta(days=number):%Y-%m}")
        platform = "meta" if chance < 0.90 else "tiktok"
        return (platform, "paid_social", self._campaign(platform, number, int(rng.random() * 100)))

    def _campaign(self, platform: str, number: int, choice: int) -> str | None:
        """One of the campaigns that run on a day."""
        plan = self.plans.get(platform)
        if plan is None:
            return None
        last = number // EVERY
        first = max(0, (number - LIFE) // EVERY + 1)
        return _campaign_id(plan, first + choice % (last - first + 1))

    def _planted(self, number: int, noon: Instant) -> list[list[Event]]:
        """The special cases, one kind a day: docs/guides/simulated-shops.md says what each has to become."""
        who = Who(None, f"p{number}", f"p{number}")

        def event(step: int, name: str, after: int, whose: Who = who) -> Event:
            at = noon + after
            return Event(f"p{number}-{step}", at, at + 2, name, *whose)

        first, cart = event(0, "page_view", 0), event(1, "add_to_cart", 5 * MINUTE)
        nameless = who._replace(session_id=None)
        kind = number % 10
        if kind == 1:  # put in and taken out again: it was in the cart
            return [[first, cart, event(2, "remove_from_cart", 7 * MINUTE)]]
        if kind == 3:  # no session id, 29 minutes apart: one visit
            return [[event(0, "page_view", 0, nameless), event(1, "add_to_cart", 29 * MINUTE, nameless)]]
        if kind == 4:  # no session id, 31 minutes apart: two visits
            return [[event(0, "page_view", 0, nameless)], [event(1, "add_to_cart", 31 * MINUTE, nameless)]]
        if kind == 5:  # delivered twice
            return [[first, cart, cart._replace(received_at=cart.received_at + 5 * HOUR)]]
        if kind == 6:  # arrives two days late
            return [[first, cart._replace(received_at=cart.occurred_at + LATE)]]
        return []

    def _across(self, number: int, begin: Instant, length: int) -> list[list[Event]]:
        """On the day of a clock change somebody looks on for ten minutes around it."""
        if length == 24 * HOUR:
            return []
        offsets = [datetime.fromtimestamp(begin + hour * HOUR, self.zone).utcoffset() for hour in range(25)]
        change = begin + next(hour for hour in range(25) if offsets[hour] != offsets[0]) * HOUR
        who = Who(None, f"d{number}", f"d{number}")
        moments = (change - 5 * MINUTE, change + 5 * MINUTE)
        return [[Event(f"d{number}-{step}", at, at + 2, "page_view", *who) for step, at in enumerate(moments)]]

    def app(self, number: int, orders: int, customers: Sequence[str]) -> list[Event]:
        """The day's calls of the shop's own API, four an order and a few, and its features' uses. No visit's part."""
        rng, begin = Random(f"{self.seed}:app:{number}"), self.midnight(number)
        length = self.midnight(number + 1) - begin
        calls = 6 + 4 * orders
        outage = number % OUTAGE[1] == OUTAGE[0]
        chance = (calls * 4 + rng.randrange(1000)) // 1000
        errors = max(1, calls * 3 // 100) if outage else min(chance, calls // 100)
        found = []
        for place in range(calls):
            at = begin + int(rng.random() * length)
            status = 503 if place < errors else 404 if rng.random() < 0.01 else 200
            found.append(Event(f"c{number}-{place}", at, at + 1, "api_call",
                               endpoint=ENDPOINTS[int(rng.random() * 5)], status_code=status))  # fmt: skip
        for place in range(1 + orders // 2 if customers else 0):
            user = customers[int(rng.random() * len(customers))]
            at = begin + int(rng.random() * length)
            for which, feature in enumerate(FEATURES):
                age = number - 45 * which
                if age >= 0 and rng.random() < min(0.6, 0.05 + age / 700):
                    key = f"f{number}-{place}-{which}"
                    found.append(Event(key, at + which, at + which + 2, "feature_used", user, f"a{user}",
                                       feature=feature))  # fmt: skip
        return found


@cache
def _campaign_id(plan: Plan, number: int) -> str:
    return plan.ads(number)[0].path[0].id

"""The events of one day: visits with an order, many more without one, special cases, API calls, uses of features.

Day ``number`` is drawn from the seed, the shop and the orders of the day, so that a later instant only adds days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache, cached_property
from random import Random
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from simulator.books import DAY, HOUR, MINUTE, Instant, Order, Shop
from simulator.scenarios.ads.plan import CAMPAIGN_DAYS, CAMPAIGN_EVERY, Plan, draw

VISITS_PER_ORDER = 14  # visits without an order for each web order
CART_SHARE, CHECKOUT_SHARE = 0.08, 0.04  # of these visits
LONGEST_VISIT = 30 * MINUTE  # from its begin to its order
LATEST_DELIVERY = 2 * DAY
FIRST_OUTAGE, OUTAGE_EVERY = 45, 120  # days
Utm = tuple[str | None, str | None, str | None]
DIRECT: Utm = (None, None, None)
ENDPOINTS = ("/v1/orders", "/v1/products", "/v1/cart", "/v1/customers/me", "/v1/search")
FEATURES, FEATURE_EVERY = ("wishlist", "size guide", "reorder", "reviews", "gift finder"), 45  # days between releases
SCENARIOS = {  # by the last digit of the day's number; the package's docstring describes them
    1: "removed_from_cart",
    3: "one_visit_without_session_id",
    4: "two_visits_without_session_id",
    5: "delivered_twice",
    6: "delivered_late",
}


class Event(NamedTuple):
    """One event as its sender reports it; instants are integer seconds since 1970 (UTC)."""

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


class Visitor(NamedTuple):
    """A visitor and the id of the visit, None where its sender reports none."""

    user_id: str | None
    anonymous_id: str
    session_id: str | None


@dataclass(frozen=True)
class Visitors:
    """The visitors of a shop; ``plans`` are its advertising by platform, ``start`` is its first day."""

    shop: Shop
    seed: str
    start: date
    plans: Mapping[str, Plan]

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.shop.time_zone)

    def midnight(self, number: int) -> Instant:
        """The begin of day ``number`` in the shop's zone."""
        return int(datetime.combine(self.start + timedelta(days=number), time(), self.zone).timestamp())

    def day_number(self, at: Instant) -> int:
        """The number of an instant's day in the shop's zone."""
        return (datetime.fromtimestamp(at, self.zone).date() - self.start).days

    def visits_without_order(self, number: int, orders: int) -> int:
        """How many visits of a day end without an order."""
        return max(3, orders * VISITS_PER_ORDER * (90 + draw(self.seed, "visits", number)[0] % 21) // 100)

    def visits(
        self, number: int, orders: Sequence[Order], customers: Sequence[str], order_counts: Mapping[int, int]
    ) -> list[list[Event]]:
        """The visits of a day, each a list of its events in order; an event that is delivered twice occurs twice.

        ``orders`` are the web orders of the day, ``customers`` the ids of the customers known when it begins,
        ``order_counts`` the web orders of the days before. The visit of an order may begin on the day before.
        """
        rng = Random(f"{self.seed}:visits:{number}")
        visits = [self._visit_with_order(order, number, rng) for order in orders]
        begin, length = self.midnight(number), self.midnight(number + 1) - self.midnight(number)
        for place in range(self.visits_without_order(number, len(orders))):
            visitor = self._visitor(number, place, customers, order_counts, rng)
            at = begin + int(rng.triangular(0, length - 1, length * 0.62))
            names, utm = self._event_names(rng), self._utm(number, rng)
            visits.append(self._visit(f"v{number}-{place}", at, names, visitor, utm, rng))
        return visits + self._special_case(number, begin + 12 * HOUR) + self._across_clock_change(number, begin, length)

    def _visit_with_order(self, order: Order, number: int, rng: Random) -> list[Event]:
        key, customer = f"o{order.id}", order.customer
        visitor = Visitor(str(customer.id), f"a{customer.id}", key) if customer else Visitor(None, f"g{order.id}", key)
        names = ["page_view", "product_viewed", "add_to_cart", "checkout_started", "order_submitted"]
        if rng.random() < 0.3:
            names[2:2] = ["product_viewed", "add_to_cart"]
        length = 4 * MINUTE + int(rng.random() * (LONGEST_VISIT - 5 * MINUTE))
        begin, utm = max(self.midnight(0), order.created_at - length), self._utm(number, rng)
        length = order.created_at - begin
        events = [
            Event(f"{key}-{step}", at, at + 1 + int(rng.random() * 3), name, *visitor, *utm)
            for step, name in enumerate(names)
            for at in (begin + length * step // (len(names) - 1),)
        ]
        return [*events[:-1], events[-1]._replace(order_id=str(order.id))]

    def _visitor(
        self, number: int, place: int, customers: Sequence[str], order_counts: Mapping[int, int], rng: Random
    ) -> Visitor:
        """A known customer, an anonymous visitor who returns within 30 days, or a new one."""
        key, chance = f"v{number}-{place}", rng.random()
        if chance < 0.12 and customers:
            customer = customers[len(customers) - 1 - int(len(customers) * rng.random() ** 1.5)]
            return Visitor(customer, f"a{customer}", key)
        if chance < 0.35 and number > 0:
            day = max(0, number - 1 - int(30 * rng.random() ** 2))
            earlier = int(rng.random() * self.visits_without_order(day, order_counts.get(day, 0)))
            return Visitor(None, f"v{day}-{earlier}", key)
        return Visitor(None, key, key)

    def _event_names(self, rng: Random) -> list[str]:
        chance, names = rng.random(), ["page_view"]
        if chance < 0.25:
            names.append("page_view" if chance > 0.15 else "product_viewed")
        if chance < CART_SHARE:
            names.append("add_to_cart")
        if chance < CHECKOUT_SHARE:
            names.append("checkout_started")
        return names

    def _visit(
        self, key: str, at: Instant, names: Sequence[str], visitor: Visitor, utm: Utm, rng: Random
    ) -> list[Event]:
        events = []
        for step, name in enumerate(names):
            event = Event(f"{key}-{step}", at, at + 1 + int(rng.random() * 3), name, *visitor, *utm)
            events.append(event._replace(properties={"quantity": 1}) if name == "add_to_cart" else event)
            at += 5 + int(rng.random() * 180)
        return events

    def _utm(self, number: int, rng: Random) -> Utm:
        """Source, medium and campaign of a visit."""
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
        last = number // CAMPAIGN_EVERY
        first = max(0, (number - CAMPAIGN_DAYS) // CAMPAIGN_EVERY + 1)
        return _campaign_id(plan, first + choice % (last - first + 1))

    def _special_case(self, number: int, noon: Instant) -> list[list[Event]]:
        """The visits of the day's scenario, if it has one."""
        visitor = Visitor(None, f"p{number}", f"p{number}")
        anonymous = visitor._replace(session_id=None)

        def event(step: int, name: str, after: int, whose: Visitor = visitor) -> Event:
            at = noon + after
            return Event(f"p{number}-{step}", at, at + 2, name, *whose)

        view, cart = event(0, "page_view", 0), event(1, "add_to_cart", 5 * MINUTE)
        scenario = SCENARIOS.get(number % 10)
        if scenario == "removed_from_cart":
            return [[view, cart, event(2, "remove_from_cart", 7 * MINUTE)]]
        if scenario == "one_visit_without_session_id":
            return [[event(0, "page_view", 0, anonymous), event(1, "add_to_cart", 29 * MINUTE, anonymous)]]
        if scenario == "two_visits_without_session_id":
            return [[event(0, "page_view", 0, anonymous)], [event(1, "add_to_cart", 31 * MINUTE, anonymous)]]
        if scenario == "delivered_twice":
            return [[view, cart, cart._replace(received_at=cart.received_at + 5 * HOUR)]]
        if scenario == "delivered_late":
            return [[view, cart._replace(received_at=cart.occurred_at + LATEST_DELIVERY)]]
        return []

    def _across_clock_change(self, number: int, begin: Instant, length: int) -> list[list[Event]]:
        """A visit from five minutes before the day's clock change to five minutes after it."""
        if length == DAY:
            return []
        offsets = [datetime.fromtimestamp(begin + hour * HOUR, self.zone).utcoffset() for hour in range(25)]
        change = begin + next(hour for hour in range(25) if offsets[hour] != offsets[0]) * HOUR
        visitor = Visitor(None, f"d{number}", f"d{number}")
        instants = (change - 5 * MINUTE, change + 5 * MINUTE)
        return [[Event(f"d{number}-{step}", at, at + 2, "page_view", *visitor) for step, at in enumerate(instants)]]

    def app_events(self, number: int, orders: int, customers: Sequence[str]) -> list[Event]:
        """The day's calls of the shop's own API and uses of its features, which belong to no visit."""
        rng, begin = Random(f"{self.seed}:app:{number}"), self.midnight(number)
        length = self.midnight(number + 1) - begin
        calls = 6 + 4 * orders
        outage = number % OUTAGE_EVERY == FIRST_OUTAGE
        chance = (calls * 4 + rng.randrange(1000)) // 1000
        errors = max(1, calls * 3 // 100) if outage else min(chance, calls // 100)
        events = []
        for place in range(calls):
            at = begin + int(rng.random() * length)
            status = 503 if place < errors else 404 if rng.random() < 0.01 else 200
            endpoint = ENDPOINTS[int(rng.random() * 5)]
            events.append(Event(f"c{number}-{place}", at, at + 1, "api_call", endpoint=endpoint, status_code=status))
        for place in range(1 + orders // 2 if customers else 0):
            user = customers[int(rng.random() * len(customers))]
            at = begin + int(rng.random() * length)
            for which, feature in enumerate(FEATURES):
                age = number - FEATURE_EVERY * which
                if age >= 0 and rng.random() < min(0.6, 0.05 + age / 700):
                    key, used_at = f"f{number}-{place}-{which}", at + which
                    event = Event(key, used_at, used_at + 2, "feature_used", user, f"a{user}", feature=feature)
                    events.append(event)
        return events


@cache
def _campaign_id(plan: Plan, number: int) -> str:
    return plan.ads(number)[0].path[0].id

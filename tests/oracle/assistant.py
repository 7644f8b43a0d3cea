"""A chat assistant's numbers a second time: from the simulator's books, one message, session and order at a time.

Prices are those of the requirements, written down here again, and the shop's own. Costs are micros of a US dollar,
exact until a message is rounded; the shops of these worlds report in dollars. None is unknown.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cached_property
from math import floor
from typing import Any
from zoneinfo import ZoneInfo

from simulator import World
from simulator.books import DAY, Instant
from simulator.scenarios.assistant import ChatMessage
from simulator.scenarios.assistant.books import StoredSession
from simulator.world import seconds
from tests.oracle.facts import OrderFacts, counted_orders
from tests.oracle.web import events

PRICES = {
    "gpt-4o-mini": {"input": "0.15", "output": "0.60"}, "gpt-4o": {"input": "2.50", "output": "10"},
    "gpt-4": {"input": "30", "output": "60"}, "gpt-3.5-turbo": {"input": "0.5", "output": "1.5"},
    "text-embedding-3-small": {"embedding": "0.02"}, "text-embedding-ada-002": {"embedding": "0.1"},
}  # fmt: skip
FALLBACK = {"cached": "input", "reasoning": "output"}
Row = dict[str, Any]


def nearest(number: Fraction) -> int:
    """The nearest whole number, halves up; amounts are not negative."""
    return floor(number + Fraction(1, 2))


@dataclass(frozen=True)
class Costs:
    """The exact cost of a message's answer and of its embedding, each None where it is unknown."""

    answer: Fraction | None
    embedding: Fraction | None

    @property
    def micros(self) -> int | None:
        if self.answer is None or self.embedding is None:
            return None
        return nearest(self.answer + self.embedding)


@dataclass(frozen=True)
class AssistedOrder:
    order: OrderFacts
    session: StoredSession
    rule: str


@dataclass(frozen=True)
class Chat:
    """The assistant of a shop as its files have it at the end of a world."""

    world: World
    account: str

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.world.shop(self.account).time_zone)

    @cached_property
    def assistant(self) -> Any:
        return self.world.assistant(self.account)

    @cached_property
    def stored(self) -> Any:
        return self.assistant.stored(seconds(self.world.end))

    @cached_property
    def sessions(self) -> dict[str, StoredSession]:
        return {session.session_id: session for session in self.stored.sessions}

    @cached_property
    def messages(self) -> dict[str, list[ChatMessage]]:
        """The messages of each session."""
        messages = defaultdict(list)
        for message in self.stored.messages:
            messages[message.session_id].append(message)
        return messages

    def local(self, instant: Instant) -> datetime:
        return datetime.fromtimestamp(instant, UTC).astimezone(self.zone)

    def day(self, instant: Instant) -> date:
        return self.local(instant).date()

    # --- costs

    def price(self, model: str, kind: str, day: date) -> Fraction | None:
        """US dollars per million tokens, which are micros per token: the shop's own price, else that of the book."""
        name = re.sub(r"-\d{4}-\d\d-\d\d$", "", model)
        for own in self.assistant.prices:
            if (own.model, own.token_kind) == (name, kind) and own.valid_from <= day <= (own.valid_to or day):
                return Fraction(own.usd_per_million)
        text = PRICES.get(name, {}).get(kind)
        if text is None and kind in FALLBACK:
            return self.price(model, FALLBACK[kind], day)
        return None if text is None else Fraction(text)

    def costs(self, message: ChatMessage) -> Costs:
        """By the prices of the message's day in UTC."""
        day = datetime.fromtimestamp(message.created_at, UTC).date()
        read, cached = message.input_tokens or 0, message.cached_tokens or 0
        written, thought = message.output_tokens or 0, message.reasoning_tokens or 0
        parts = {"input": read - cached, "cached": cached, "output": written - thought, "reasoning": thought}
        answer = self._sum(message.model, parts, day)
        if message.role == "assistant" and message.model and message.input_tokens is None is message.output_tokens:
            answer = None
        return Costs(answer, self._sum(message.embedding_model, {"embedding": message.embedding_tokens or 0}, day))

    def _sum(self, model: str | None, tokens: dict[str, int], day: date) -> Fraction | None:
        total = Fraction(0)
        for kind, count in tokens.items():
            price = self.price(model, kind, day) if model and count else None
            if count and price is None:
                return None
            total += count * (price or 0)
        return total

    # --- orders

    @cached_property
    def assisted(self) -> dict[str, AssistedOrder]:
        """Each order that a chat led to: by the first rule that finds a session, the one that began last."""
        orders = {}
        for order in counted_orders(self.world.books(self.account)):
            for rule in (self._of_visit, self._of_customer, self._of_click):
                sessions = [session for session in rule(order) if session.started_at <= order.order.processed_at]
                if sessions:
                    latest = max(session.started_at for session in sessions)
                    last = min((one for one in sessions if one.started_at == latest), key=lambda one: one.session_id)
                    name = rule.__name__.removeprefix("_of_")
                    orders[str(order.order.id)] = AssistedOrder(order, last, name)
                    break
        return orders

    @cached_property
    def _visits(self) -> dict[str, tuple[set[str | None], set[str | None]]]:
        """The visits and the browsers of the web events with an order's id."""
        visits: dict[str, tuple[set[str | None], set[str | None]]] = defaultdict(lambda: (set(), set()))
        for event in events(self.world, self.account):
            if event.order:
                visits[event.order][0].add(event.session)
                visits[event.order][1].add(event.anonymous)
        return visits

    def _of_visit(self, order: OrderFacts) -> Iterable[StoredSession]:
        visits = self._visits[str(order.order.id)][0]
        return [session for session in self.sessions.values() if session.visit_id and session.visit_id in visits]

    def _of_customer(self, order: OrderFacts) -> Iterable[StoredSession]:
        if order.order.customer is None:
            return []
        own = [one for one in self.sessions.values() if one.customer_id == str(order.order.customer.id)]
        return [session for session in own if order.order.processed_at - session.started_at <= DAY]

    def _of_click(self, order: OrderFacts) -> Iterable[StoredSession]:
        bought = {line.sku for line in order.order.all_lines()} | {
            order.product(line) for line in order.order.all_lines()
        }
        browsers, sessions = self._visits[str(order.order.id)][1], []
        for event in self.stored.events:
            session = self.sessions.get(event.session_id)
            if session is None or event.event_type != "clicked" or event.product_id not in bought:
                continue
            visitor, after = event.visitor_id or session.visitor_id, order.order.processed_at - event.occurred_at
            if visitor and visitor in browsers and 0 <= after <= 7 * DAY:
                sessions.append(session)
        return sessions

    # --- marts

    def message_rows(self) -> dict[str, Row]:
        rows = {}
        for message in self.stored.messages:
            local, costs = self.local(message.created_at), self.costs(message)
            rows[message.message_id] = {
                "session_id": message.session_id, "date_day": local.date(), "hour_of_day": local.hour,
                "role": message.role, "variant": self.sessions[message.session_id].variant, "model": message.model,
                "embedding_model": message.embedding_model, "input_tokens": message.input_tokens or 0,
                "cached_tokens": message.cached_tokens or 0, "output_tokens": message.output_tokens or 0,
                "reasoning_tokens": message.reasoning_tokens or 0, "embedding_tokens": message.embedding_tokens or 0,
                "latency_ms": message.latency_ms, "text_length": len(message.text),
                "reported_cost_micros": message.reported_cost, "own_cost_micros": costs.micros,
                "cost_micros": costs.micros, "messages_without_cost": int(costs.micros is None),
                "messages": int(message.role in ("user", "assistant")), "user_messages": int(message.role == "user"),
                "assistant_messages": int(message.role == "assistant"),
            }  # fmt: skip
        return rows

    def session_rows(self) -> dict[str, Row]:
        rows, messages = {}, self.message_rows()
        for key, session in self.sessions.items():
            own = [messages[message.message_id] for message in self.messages[key]]
            orders = [one for one in self.assisted.values() if one.session.session_id == key]
            orders.sort(key=lambda one: (one.order.order.processed_at, str(one.order.order.id)))
            costs = [row["cost_micros"] for row in own]
            counts = ("messages", "user_messages", "assistant_messages", "messages_without_cost", "input_tokens",
                      "cached_tokens", "output_tokens", "reasoning_tokens", "embedding_tokens")  # fmt: skip
            rows[key] = {
                "date_day": self.day(session.started_at), "variant": session.variant, "language": session.language,
                "customer_id": session.customer_id, "visitor_id": session.visitor_id, "visit_id": session.visit_id,
                "duration_seconds": session.ended_at - session.started_at if session.ended_at else None,
                "sessions_with_duration": int(session.ended_at is not None), "satisfaction": session.satisfaction,
                "rated_sessions": int(session.satisfaction is not None), "sessions": 1,
                **{name: sum(row[name] for row in own) for name in counts},
                "cost_micros": None if None in costs else sum(costs), "reported_cost_micros": session.reported_cost,
                "order_id": str(orders[0].order.order.id) if orders else None,
                "rule": orders[0].rule if orders else None, "assisted_orders": len(orders),
                "assisted_net_sales_minor": sum(one.order.net_sales for one in orders),
                "sessions_with_order": int(bool(orders)),
            }  # fmt: skip
        return rows

    def order_rows(self) -> dict[str, Row]:
        return {
            key: {
                "date_day": one.order.order_day, "rule": one.rule, "session_id": one.session.session_id,
                "variant": one.session.variant, "session_day": self.day(one.session.started_at),
                "net_sales_minor": one.order.net_sales, "assisted_orders": 1,
            }
            for key, one in self.assisted.items()
        }  # fmt: skip

    def event_rows(self) -> dict[str, Row]:
        books = self.world.books(self.account)
        skus: dict[str, set[str]] = defaultdict(set)
        known = {str(product.id) for product in books.products if product.deleted_at > books.at}
        for product in books.products:
            for variant in product.variants:
                if str(product.id) in known and variant.sku:
                    skus[variant.sku].add(str(product.id))
        rows = {}
        for event in self.stored.events:
            named = skus.get(event.product_id, set())
            key = event.product_id if event.product_id in known else next(iter(named)) if len(named) == 1 else None
            rows[event.event_id] = {
                "date_day": self.day(event.occurred_at), "event_type": event.event_type,
                "is_known_product": key is not None, "product_key": key or event.product_id,
                "variant": self.sessions[event.session_id].variant, "position": event.position, "product_events": 1,
            }  # fmt: skip
        return rows

    def daily_rows(self) -> dict[tuple[date, str], Row]:
        """Rows by (day, variant)."""
        rows: dict[tuple[date, str], Row] = defaultdict(lambda: defaultdict(int))
        for session in self.session_rows().values():
            row = rows[session["date_day"], session["variant"]]
            for name in ("sessions", "sessions_with_order", "sessions_with_duration", "rated_sessions"):
                row[name] += session[name]
            row["duration_seconds"] += session["duration_seconds"] or 0
            row["rating_points"] += session["satisfaction"] or 0
        for message in self.message_rows().values():
            row = rows[message["date_day"], message["variant"]]
            for name in ("messages", "user_messages", "assistant_messages", "messages_without_cost"):
                row[name] += message[name]
            row["cost_micros"] += message["cost_micros"] or 0
        for order in self.order_rows().values():
            row = rows[order["date_day"], order["variant"]]
            row["assisted_orders"] += 1
            row["assisted_net_sales_minor"] += order["net_sales_minor"]
        return {key: dict(row) for key, row in rows.items()}

    def model_rows(self) -> dict[tuple[date, str, str], Row]:
        """Rows by (day, variant, model), without costs of parts, which are rounded together."""
        rows: dict[tuple[date, str, str], Row] = defaultdict(lambda: defaultdict(int))
        for message in self.stored.messages:
            day, variant = self.day(message.created_at), self.sessions[message.session_id].variant
            costs = self.costs(message)
            for model, cost in ((message.model, costs.answer), (message.embedding_model, costs.embedding)):
                if model:
                    row = rows[day, variant, model]
                    row["messages"] += 1
                    row["messages_without_cost"] += cost is None
            for kind in ("input", "cached", "output", "reasoning"):
                if message.model:
                    rows[day, variant, message.model][f"{kind}_tokens"] += getattr(message, f"{kind}_tokens") or 0
            if message.embedding_model:
                rows[day, variant, message.embedding_model]["embedding_tokens"] += message.embedding_tokens or 0
        return {key: dict(row) for key, row in rows.items()}

    def active(self, end: datetime) -> int:
        """Sessions that began or had a message in the hour that ends at an instant."""
        until = seconds(end)
        ids = {session.session_id for session in self.stored.sessions if until - 3600 < session.started_at <= until}
        return len(ids | {one.session_id for one in self.stored.messages if until - 3600 < one.created_at <= until})

    def of_variants(self, first: date, last: date) -> dict[str, tuple[int, int]]:
        """Sessions, and those with an order, of each variant."""
        counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for session in self.session_rows().values():
            if first <= session["date_day"] <= last:
                counts[session["variant"]][0] += 1
                counts[session["variant"]][1] += session["sessions_with_order"]
        return {name: (one, two) for name, (one, two) in sorted(counts.items())}


def days_before(day: date, count: int) -> tuple[date, date]:
    return day - timedelta(days=count), day - timedelta(days=1)

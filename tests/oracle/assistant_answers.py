"""What the charts and reports of a chat assistant must show, from the oracle's rows (assistant.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from functools import cache

from simulator.books import value_at
from simulator.world import seconds
from tests.oracle.answers import MICRO, Metric, Rows, money, share
from tests.oracle.assistant import Chat, nearest
from tests.oracle.records import Answer, Formula, Near, Records, Row, of, summed
from tests.oracle.variants import comparisons

RULES = {"visit": "Same visit", "customer": "Same customer, 24 hours", "click": "Clicked product, 7 days"}
EVENTS = {"inquired": "Asked about", "clicked": "Clicked", "recommended": "Recommended"}


def _unknown_with(metric: Metric, gap: str) -> Formula:
    """Unknown where one message has no known cost."""
    return lambda rows: None if any(row.get(gap) for row in rows) else summed(metric)(rows)


def _cost_per_order(rows: Sequence[Row]) -> Fraction | None:
    """To the nearest micro."""
    cost, orders = (sum(row.get(name, 0) for row in rows) for name in ("cost_micros", "assisted_orders"))
    return Fraction(nearest(Fraction(cost, orders)), MICRO) if orders else None


def _cost_of_model(rows: Sequence[Row]) -> Near | None:
    """Each message is rounded once, and its answer and its embedding share it: half a micro for each."""
    known = [row["cost"] for row in rows if row["cost"] is not None]
    return Near(sum(known, Fraction(0)) / MICRO, Fraction(len(known), MICRO)) if known else None


DAILY = {
    "chat_sessions": Metric("sessions"),
    "chat_sessions_with_order": Metric("sessions_with_order"),
    "user_messages": Metric("user_messages"),
    "assistant_messages": Metric("assistant_messages"),
    "messages_without_cost": Metric("messages_without_cost"),
    "assisted_orders": Metric("assisted_orders"),
    "assisted_net_sales": money("assisted_net_sales"),
    "assistant_cost_known": Metric("cost_micros", unit=MICRO),
    "chat_conversion_rate": share("sessions_with_order", "sessions"),
    "chat_satisfaction": share("rating_points", "rated_sessions"),
}
TOKENS = ("input_tokens", "cached_tokens", "output_tokens", "embedding_tokens")
METRICS: Mapping[str, tuple[str, Formula]] = {
    **{name: ("assistant_daily", summed(metric)) for name, metric in DAILY.items()},
    "cost_per_assisted_order_known": ("assistant_daily", _cost_per_order),
    "assistant_cost": ("assistant_daily", _unknown_with(DAILY["assistant_cost_known"], "messages_without_cost")),
    **{name: ("model_usage_daily", summed(Metric(name))) for name in TOKENS},
    "model_messages": ("model_usage_daily", summed(Metric("messages"))),
    "model_messages_without_cost": ("model_usage_daily", summed(Metric("messages_without_cost"))),
    "model_cost_known": ("model_costs", _cost_of_model),
    "hourly_messages": ("chat_messages", summed(Metric("messages"))),
    "product_event_count": ("product_events", summed(Metric("product_events"))),
    "rule_orders": ("assisted_orders", summed(Metric("assisted_orders"))),
    "rule_net_sales": ("assisted_orders", summed(money("net_sales"))),
}


@cache
def records(chat: Chat) -> Records:
    books = chat.world.books(chat.account)
    titles = {str(product.id): value_at(product.titles, books.at) for product in books.products}
    names = {event.event_id: event.product_name for event in chat.stored.events}
    return Records(
        {
            "assistant_daily": [{"date_day": day, **row} for (day, _), row in chat.daily_rows().items()],
            "model_usage_daily": [
                {"date_day": day, "model": model, **row}
                for (day, _, model), row in chat.model_rows().items()
            ],
            "model_costs": list(_model_costs(chat)),
            "chat_messages": [{**row, "hour": f"{row['hour_of_day']:02}"} for row in chat.message_rows().values()],
            "product_events": [
                {**row, "kind": EVENTS[row["event_type"]],
                 "product": titles[row["product_key"]] if row["is_known_product"] else names[key] or row["product_key"]}
                for key, row in chat.event_rows().items()
            ],
            "assisted_orders": [{**row, "found_by": RULES[row["rule"]]} for row in chat.order_rows().values()],
        },
        METRICS,
    )  # fmt: skip


def _model_costs(chat: Chat) -> Sequence[Row]:
    rows = []
    for message in chat.stored.messages:
        costs = chat.costs(message)
        for model, cost in ((message.model, costs.answer), (message.embedding_model, costs.embedding)):
            if model:
                rows.append({"date_day": chat.day(message.created_at), "model": model, "cost": cost})
    return rows


CHARTS: Mapping[str, Answer] = {
    "Chats": of("chat_sessions"),
    "Chats with an order": of("chat_conversion_rate"),
    "Assisted orders": of("assisted_orders"),
    "Assisted revenue": of("assisted_net_sales"),
    "Model cost": of("assistant_cost_known"),
    "Without a known cost": of("messages_without_cost"),
    "Cost per order": of("cost_per_assisted_order_known"),
    "Satisfaction": of("chat_satisfaction"),
    "Chats over time": of("chat_sessions", by=["date_day"]),
    "Messages over time": of("user_messages", "assistant_messages", by=["date_day"]),
    "Chats with an order over time": of("chat_conversion_rate", by=["date_day"]),
    "Cost by model": of("model_cost_known", by=["model"], label={"model": "model_label"}, order="model_cost_known"),
    "Models": of("model_messages", *TOKENS, "model_cost_known", "model_messages_without_cost", by=["model"],
                 label={"model": "model_label"}, order="model_cost_known"),
    "When people chat": of("hourly_messages", by=["hour"], label={"hour": "hour_label"}, order="hourly_messages"),
    "Products in chats over time": of("product_event_count", by=["date_day", "kind"], label={"kind": "event_label"}),
    "Top recommended": of("product_event_count", by=["product"], label={"product": "product_label"},
                          order="product_event_count", limit=10, event_type="recommended"),
    "Most inquired": of("product_event_count", by=["product"], label={"product": "product_label"},
                        order="product_event_count", limit=10, event_type="inquired"),
    "How orders were found": of("rule_orders", "rule_net_sales", by=["found_by"], label={"found_by": "rule_label"},
                                order="rule_orders"),
}  # fmt: skip
"""Charts that follow the dashboard's days."""


def now(chat: Chat, end: datetime) -> dict[str, Rows]:
    """Charts of today and the last hour, which ends at an instant."""
    today, days = chat.day(seconds(end)), records(chat)
    total = days.groups(["user_messages", "assistant_messages", "assistant_cost"], (), (today, today), {})
    (row,) = total or [{"user_messages": 0, "assistant_messages": 0, "assistant_cost": Fraction(0)}]
    first, last = ((end - timedelta(hours=hours)).astimezone(chat.zone) for hours in (1, 0))
    text = f"The last hour is {first:%H:%M} to {last:%H:%M} on {last.day} {last:%b %Y}."
    return {
        "Active chats": [{"active_chat_sessions": chat.active(end)}],
        "Messages today": [{"chat_messages_today": row["user_messages"] + row["assistant_messages"]}],
        "Cost today": [{"assistant_cost_today": row["assistant_cost"]}],
        "Chats in all": [{"chat_sessions_in_all": len(chat.sessions)}],
        "The last hour": [{"window_label": text}],
        "Recent chats": recent(chat)[:50],
        "Which answers sell more?": comparisons(chat, today),
    }


def recent(chat: Chat) -> Rows:
    """All chats, the newest first."""
    rows = []
    for key, row in chat.session_rows().items():
        cost = row["cost_micros"]
        rows.append({
            "started_label": f"{chat.local(chat.sessions[key].started_at):%Y-%m-%d %H:%M}",
            "duration_label": _duration(row["duration_seconds"]),
            "rating_label": f"★ {row['satisfaction']}" if row["satisfaction"] is not None else "",
            "session_id": key,
            "session_messages": row["messages"],
            "session_cost": None if cost is None else Fraction(cost, MICRO),
            "session_orders": row["assisted_orders"],
        })  # fmt: skip
    return sorted(rows, key=lambda row: (-chat.sessions[row["session_id"]].started_at, row["session_id"]))


def _duration(length: int | None) -> str | None:
    if length is None:
        return None
    hours, minutes = divmod(length // 60, 60)
    if length < 60:
        return f"{length} s"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"

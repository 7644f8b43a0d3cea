"""Every number of a chat assistant equals the oracle (tests/oracle/assistant.py): three seeds, three forms of files."""

from __future__ import annotations

from datetime import UTC, date
from fractions import Fraction
from functools import cache
from typing import Any

import duckdb
import pytest

from semantic.query import ask
from simulator.world import seconds
from tests.oracle import variants
from tests.oracle.assistant import Chat
from tests.orchestration.installation import Installation
from tests.small_worlds import SEEDS, SHOP, assistant_world, published_assistant

MARTS = {
    "chat_messages": (("message_id",), Chat.message_rows),
    "chat_sessions": (("session_id",), Chat.session_rows),
    "assisted_orders": (("order_id",), Chat.order_rows),
    "product_events": (("event_id",), Chat.event_rows),
    "assistant_daily": (("date_day", "variant"), Chat.daily_rows),
    "model_usage_daily": (("date_day", "variant", "model"), Chat.model_rows),
}
COSTS = "input_cost_micros + cached_cost_micros + output_cost_micros + reasoning_cost_micros + embedding_cost_micros"
# metric → its column in the daily rows, and whether an unknown cost makes it unknown
SUMS = {
    "chat_sessions": "sessions", "chat_sessions_with_order": "sessions_with_order", "chat_messages": "messages",
    "user_messages": "user_messages", "assistant_messages": "assistant_messages", "chat_seconds": "duration_seconds",
    "messages_without_cost": "messages_without_cost", "assisted_orders": "assisted_orders",
    "rated_chat_sessions": "rated_sessions", "chat_rating_points": "rating_points",
    "timed_chat_sessions": "sessions_with_duration",
}  # fmt: skip


@cache
def chat(seed: int) -> Chat:
    return Chat(assistant_world(seed), SHOP)


def rows(place: Installation, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(place.home.published / "current" / f"tenant-{SHOP}.duckdb"), read_only=True) as db:
        return db.execute(sql).fetchall()


@pytest.mark.parametrize("mart", MARTS)
@pytest.mark.parametrize("seed", SEEDS)
def test_every_cell_of_a_mart_equals_the_oracle(seed: int, mart: str) -> None:
    keys, compute = MARTS[mart]
    expected = compute(chat(seed))
    names = list(dict.fromkeys(name for row in expected.values() for name in row))
    published = {}
    for row in rows(published_assistant(seed), f"select {', '.join((*keys, *names))} from marts.{mart}"):
        published[row[0] if len(keys) == 1 else row[: len(keys)]] = dict(zip(names, row[len(keys) :], strict=True))
    assert len(published) > 30
    assert published.keys() == expected.keys()
    assert not [
        f"{key} {name}: {published[key][name]} in the mart, {row.get(name, 0)} in the oracle"
        for key, row in expected.items()
        for name in names
        if published[key][name] != row.get(name, 0)
    ]


@pytest.mark.parametrize("seed", SEEDS)
def test_world_has_every_rule_and_gap_and_a_sum_with_a_gap_is_unknown(seed: int) -> None:
    place = published_assistant(seed)
    assert {rule for (rule,) in rows(place, "select rule from marts.assisted_orders")} == {"visit", "customer", "click"}
    gaps = {gap for (gap,) in rows(place, "select cost_gap from marts.chat_messages")}
    assert gaps >= {None, "no price", "no token counts"}
    ((whole,),) = rows(place, f"select count(*) from marts.chat_messages where cost_micros <> {COSTS}")
    assert whole == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_metrics_by_day_equal_the_oracle(seed: int) -> None:
    published = published_assistant(seed).home.published
    names = [*SUMS, "assistant_cost", "assistant_cost_known", "assisted_net_sales"]
    answer = {row["day"]: row for row in ask(published, names, by=["day"], tenant=SHOP).to_pylist()}
    expected: dict[date, dict[str, int]] = {}
    for (day, _), row in chat(seed).daily_rows().items():
        total = expected.setdefault(day, {})
        for name, value in row.items():
            total[name] = total.get(name, 0) + value
    assert answer.keys() == expected.keys()
    for day, row in expected.items():
        assert {name: answer[day][name] for name in SUMS} == {name: row.get(column, 0) for name, column in SUMS.items()}
        assert answer[day]["assistant_cost_known"] * 1_000_000 == row.get("cost_micros", 0)
        assert answer[day]["assisted_net_sales"] * 100 == row.get("assisted_net_sales_minor", 0)
        is_known = not row.get("messages_without_cost")
        assert answer[day]["assistant_cost"] == (answer[day]["assistant_cost_known"] if is_known else None)


@pytest.mark.parametrize("seed", SEEDS)
def test_last_hour_and_today_equal_the_oracle(seed: int) -> None:
    ((end, today, in_all, started, active, messages),) = rows(
        published_assistant(seed),
        "select window_end, today, sessions_in_all, sessions_today, active_sessions, messages_today "
        "from marts.assistant_now",
    )
    books = chat(seed)
    days = books.daily_rows()
    assert today == books.day(seconds(end.replace(tzinfo=UTC)))
    assert in_all == len(books.sessions)
    assert started == sum(row.get("sessions", 0) for (day, _), row in days.items() if day == today)
    assert messages == sum(row.get("messages", 0) for (day, _), row in days.items() if day == today)
    assert active == books.active(end.replace(tzinfo=UTC))


@pytest.mark.parametrize("seed", SEEDS)
def test_costs_by_model_add_up_to_the_oracles_exact_costs(seed: int) -> None:
    """To half a micro for each message: a message is rounded once, and its two models share it."""
    books = chat(seed)
    exact: dict[str, tuple[Fraction, int]] = {}
    for message in books.stored.messages:
        costs = books.costs(message)
        for model, cost in ((message.model, costs.answer), (message.embedding_model, costs.embedding)):
            if model and cost is not None:
                total, count = exact.get(model, (Fraction(0), 0))
                exact[model] = total + cost, count + 1
    published = published_assistant(seed).home.published
    answer = {row["model"]: row for row in ask(published, ["model_cost_known"], by=["model"], tenant=SHOP).to_pylist()}
    for model, (total, count) in exact.items():
        assert abs(Fraction(answer[model]["model_cost_known"]) * 1_000_000 - total) <= count
    assert {model for model in answer if answer[model]["model_cost_known"] is None} == answer.keys() - exact.keys()


@pytest.mark.parametrize("seed", SEEDS)
def test_comparison_of_variants_equals_the_textbook(seed: int) -> None:
    columns = "first_day, last_day, control, variant, difference, difference_low, difference_high, chi_square, verdict"
    compared = rows(published_assistant(seed), f"select {columns} from marts.answer_variants")
    assert compared
    for first, last, control, variant, *numbers, verdict in compared:
        result = variants.compared(chat(seed).of_variants(first, last), control, variant)
        expected = [result.difference, result.low, result.high, result.split]
        assert [float(number) for number in numbers] == pytest.approx(expected, abs=1e-3)
        assert verdict == result.verdict(control, variant)

"""The oracle of ``metrics_daily``: its families together, and its sessions compared with the books of the visits."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from simulator import World, demo_world
from simulator.world import seconds
from tests.oracle import daily, finance, web
from tests.oracle.facts import counted_orders

END = datetime(2026, 11, 20, 12, tzinfo=UTC)
PULLS = (END - timedelta(days=3), END)
ACCOUNTS = ["aurora", "nordlicht"]


@pytest.fixture(scope="module")
def demo() -> World:
    return demo_world(seed=7, start=date(2026, 6, 1), end=END, orders=1_000)


@pytest.mark.parametrize("account", ACCOUNTS)
def test_the_sessions_of_every_day_equal_those_of_the_books_of_the_visits(demo: World, account: str) -> None:
    """Special cases: gaps of 29 and 31 minutes without an id, a removal from the cart, repeated and late events."""
    rows = {day: row for (source, day, channel), row in daily.metrics_daily(demo, account, PULLS).items()
            if (source, channel) == ("files", "Online store")}  # fmt: skip
    names = ("sessions", "visitors", "sessions_with_cart", "sessions_reached_checkout", "sessions_ordered",
             "cart_sessions_ordered", "add_to_carts")  # fmt: skip
    days_with_sessions = 0
    for day, expected in demo.visits(account).days(seconds(END)).items():
        row = rows.get(day, {})
        assert [row.get(name, 0) for name in names] == list(expected), day
        days_with_sessions += bool(expected.sessions)
    assert days_with_sessions > 150


def test_a_late_event_changes_only_its_own_day(demo: World) -> None:
    before, after = (daily.metrics_daily(demo, "aurora", (at,)) for at in (END - timedelta(hours=6), END))
    changed = {key for key in before.keys() | after.keys() if key[0] == "files" and before.get(key) != after.get(key)}
    assert {day for _, day, _ in changed} <= set(daily.days(date(2026, 11, 18), date(2026, 11, 20)))


@pytest.mark.parametrize("account", ACCOUNTS)
def test_each_number_has_one_source_except_those_of_the_ad_platforms(demo: World, account: str) -> None:
    sources: dict[str, set[str]] = {}
    for (source, _, _), row in daily.metrics_daily(demo, account, PULLS).items():
        for name in row:
            sources.setdefault(name, set()).add(source)
    of_ads = {name for name, own in sources.items() if own == {"meta_ads", "tiktok_ads"}}
    assert of_ads == {"ad_spend_minor", "impressions", "clicks", "platform_purchases", "platform_purchase_value_minor"}
    assert all(len(own) == 1 for name, own in sources.items() if name not in of_ads)


@pytest.mark.parametrize("account", ACCOUNTS)
def test_the_expenses_of_whole_months_equal_those_of_the_books(demo: World, account: str) -> None:
    expenses = [expense for expense in daily.expenses(demo, account, END) if expense.month < date(2026, 11, 1)]
    total = daily.totals(demo, account, date(2026, 6, 1), date(2026, 10, 31), PULLS)
    assert total["operating_expenses_minor"] == sum(expense.amount for expense in expenses)
    fixed = [expense.amount for expense in expenses if expense.kind == finance.FIXED]
    assert total["fixed_expenses_minor"] == sum(fixed)
    assert finance.cash_at(daily.balances(demo, account, END), date(2026, 11, 20)) is not None


@pytest.mark.parametrize("account", ACCOUNTS)
def test_the_order_funnels_and_the_web_funnel_count_the_same_sessions(demo: World, account: str) -> None:
    counts: dict[tuple[str, int], int] = {}
    for (funnel, step, _), count in web.funnel_daily(demo, account, END).items():
        counts[funnel, step] = counts.get((funnel, step), 0) + count
    assert counts["orders", 1] == counts["orders_ever", 1] == counts["web", 3]
    assert counts["orders", 2] == counts["web", 4]
    orders = counted_orders(demo.books(account, END))
    assert counts["orders", 4] < counts["orders_ever", 4] <= len(orders), "refunded orders were shipped too"
    assert counts["web", 1] > counts["web", 2] > counts["web", 3] > counts["web", 4] > 0

"""The families of ``metrics_daily`` together, and the visits of the demo against what their own books count."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from simulator import World, demo_world
from simulator.world import seconds
from tests.oracle import daily, finance, web
from tests.oracle.facts import placed

END = datetime(2026, 11, 20, 12, tzinfo=UTC)
PULLS = (END - timedelta(days=3), END)
ACCOUNTS = ["aurora", "nordlicht"]


@pytest.fixture(scope="module")
def demo() -> World:
    return demo_world(seed=7, start=date(2026, 6, 1), end=END, orders=1_000)


@pytest.mark.parametrize("account", ACCOUNTS)
def test_every_days_visits_are_those_that_the_shops_own_books_count(demo: World, account: str) -> None:
    """Planted: 29 and 31 minutes of silence without an id, a thing taken out of the cart, twice told, two days late."""
    found = {day: row for (source, day, channel), row in daily.metrics_daily(demo, account, PULLS).items()
             if (source, channel) == ("files", "Online store")}  # fmt: skip
    compared = 0
    for day, told in demo.visits(account).days(seconds(END)).items():
        row = found.get(day, {})
        ours = [row.get(name, 0) for name in ("sessions", "visitors", "sessions_with_cart", "sessions_reached_checkout",
                                              "sessions_ordered", "cart_sessions_ordered", "add_to_carts")]  # fmt: skip
        assert ours == list(told), day
        compared += bool(told.sessions)
    assert compared > 150


def test_an_event_that_comes_late_changes_its_day_only(demo: World) -> None:
    before, after = (daily.metrics_daily(demo, "aurora", (at,)) for at in (END - timedelta(hours=6), END))
    moved = {key for key in before.keys() | after.keys() if key[0] == "files" and before.get(key) != after.get(key)}
    assert {day for _, day, _ in moved} <= set(daily.days(date(2026, 11, 18), date(2026, 11, 20)))


@pytest.mark.parametrize("account", ACCOUNTS)
def test_each_family_stands_under_its_own_source_and_no_number_under_two(demo: World, account: str) -> None:
    sources: dict[str, set[str]] = {}
    for (source, _, _), row in daily.metrics_daily(demo, account, PULLS).items():
        for name in row:
            sources.setdefault(name, set()).add(source)
    of_ads = {name for name, found in sources.items() if found == {"meta_ads", "tiktok_ads"}}
    assert of_ads == {"ad_spend_minor", "impressions", "clicks", "platform_purchases", "platform_purchase_value_minor"}
    assert all(len(found) == 1 for name, found in sources.items() if name not in of_ads)


@pytest.mark.parametrize("account", ACCOUNTS)
def test_whole_months_of_expenses_are_what_the_file_says(demo: World, account: str) -> None:
    told = [each for each in daily.expenses(demo, account, END) if each.month < date(2026, 11, 1)]
    total = daily.totals(demo, account, date(2026, 6, 1), date(2026, 10, 31), PULLS)
    assert total["operating_expenses_minor"] == sum(each.amount for each in told)
    assert total["fixed_expenses_minor"] == sum(each.amount for each in told if each.kind == finance.FIXED)
    assert finance.cash_at(daily.balances(demo, account, END), date(2026, 11, 20)) is not None


@pytest.mark.parametrize("account", ACCOUNTS)
def test_the_first_steps_of_both_funnels_come_from_the_same_visits(demo: World, account: str) -> None:
    found: dict[tuple[str, int], int] = {}
    for (funnel, step, _), count in web.funnel_daily(demo, account, END).items():
        found[funnel, step] = found.get((funnel, step), 0) + count
    assert found["orders", 1] == found["orders_ever", 1] == found["web", 3]
    assert found["orders", 2] == found["web", 4]
    assert found["orders", 4] < found["orders_ever", 4] <= len(placed(demo.books(account, END)))  # refunded ones too
    assert found["web", 1] > found["web", 2] > found["web", 3] > found["web", 4] > 0

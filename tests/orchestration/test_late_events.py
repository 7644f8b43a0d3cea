"""A late event changes the days that it concerns and no others.

The clock of a shop moves on; after each run every day of metrics_daily is compared with the oracle.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pytest

from simulator import World, demo_world, serve
from tests import shared_cache
from tests.oracle import marts as books
from tests.orchestration.installation import Installation, ask, days

START = datetime(2026, 1, 15, 10, tzinfo=UTC)
CLOCK = [START + timedelta(days=number) for number in (26.5, 27.6, 46, 74, 83, 85.5, 92)]
SHOPS = ("aurora", "nordlicht")
KEYS = {
    "product_daily": ("product_key", "date_day"),
    "customer_daily": ("customer_key", "date_day"),
    "cohorts": ("cohort_month", "month_number"),
}
ELSEWHERE = {
    "sessions", "visitors", "sessions_with_cart", "sessions_reached_checkout", "sessions_ordered",
    "cart_sessions_ordered", "cost_of_goods_minor", "cost_of_goods_assumed_minor", "sales_cost_recorded_minor",
    "sales_cost_assumed_minor", "sales_cost_missing_minor",
}  # fmt: skip
pytestmark = [pytest.mark.worlds, pytest.mark.deep]  # test_what_changes has each of these events in `make test`
IN_EACH_SHOP = pytest.mark.parametrize("shop", SHOPS)
"""The other shop has another currency, another zone, and the same events on other days."""
Days = dict[tuple[Any, str], dict[str, int]]


@dataclass
class Year:
    """The published marts of one shop after the run at each instant of the clock."""

    world: World
    shop: str
    builds: list[Path]

    @cached_property
    def published(self) -> list[Days]:
        """The shop's days, by build."""
        return [sales(days(build, self.shop)) for build in self.builds]

    @cached_property
    def titles(self) -> list[dict[str, str]]:
        """Product titles by key, by build."""
        return [dict(ask(build, "select product_key, product_title from marts.products")) for build in self.builds]

    def expected(self, build: int) -> Days:
        """The oracle's days at the instant of a build."""
        days = books.metrics_daily(self.world, self.shop, CLOCK[build])
        rows = {key: {name: value for name, value in row.items() if value} for key, row in days.items()}
        return {key: row for key, row in rows.items() if row}


def make_year(shop: str) -> Year:
    world = demo_world(seed=11, start=START.date(), end=CLOCK[-1], orders=800)

    def make(folder: Path) -> None:
        place = Installation(folder / "installation")
        with serve(world, now=CLOCK[0]) as server:
            place.configure(server, shops=[shop])
            for number, now in enumerate(CLOCK):
                server.set_now(now)
                place.run()
                shutil.copy(place.current / f"tenant-{shop}.duckdb", folder / f"{number}.duckdb")

    folder = shared_cache.entry(f"late-events-{shop}", f"11 800 {CLOCK}", make)
    return Year(world, shop, [folder / f"{number}.duckdb" for number in range(len(CLOCK))])


@pytest.fixture(scope="module")
def year_of() -> Callable[[str], Year]:
    return cache(make_year)


@pytest.fixture
def year(year_of: Callable[[str], Year]) -> Year:
    """Aurora's."""
    return year_of("aurora")


def table(build: Path, mart: str, shop: str) -> dict[tuple[Any, ...], dict[str, int]]:
    """A mart's numbers of one tenant by its key; without rows of zeros, which the oracle leaves out."""
    whole = "data_type in ('BIGINT', 'INTEGER') and column_name not in ('minor_units', 'month_number')"
    listed = f"select column_name from duckdb_columns() where schema_name = 'marts' and table_name = ? and {whole}"
    numbers = [row[0] for row in ask(build, listed, [mart])]
    rows = ask(build, f"select {', '.join((*KEYS[mart], *numbers))} from marts.{mart} where tenant_id = ?", [shop])
    size = len(KEYS[mart])
    by_key = {row[:size]: dict(zip(numbers, row[size:], strict=True)) for row in rows}
    return {key: solid(row) for key, row in by_key.items() if any(row.values())}


def sales(published: Days) -> Days:
    """Without visits and costs, which the end-to-end tests compare."""
    rows = {
        key: {name: value for name, value in row.items() if name not in ELSEWHERE} for key, row in published.items()
    }
    return {key: row for key, row in rows.items() if row}


def solid(row: dict[str, int]) -> dict[str, int]:
    return {name: value for name, value in row.items() if value}


@IN_EACH_SHOP
@pytest.mark.parametrize("mart", ["product_daily", "customer_daily", "cohorts"])
def test_products_customers_and_cohorts_equal_the_oracle_after_the_last_run(
    year_of: Callable[[str], Year], mart: str, shop: str
) -> None:
    year = year_of(shop)
    expected = getattr(books, mart)(year.world, shop, CLOCK[-1])
    assert table(year.builds[-1], mart, shop) == {key: solid(row) for key, row in expected.items() if any(row.values())}


def changed(before: Days, after: Days) -> set[tuple[Any, str]]:
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


@IN_EACH_SHOP
@pytest.mark.parametrize("build", range(len(CLOCK)))
def test_every_number_of_every_day_equals_the_oracle(year_of: Callable[[str], Year], shop: str, build: int) -> None:
    year = year_of(shop)
    assert year.published[build] == year.expected(build)


@IN_EACH_SHOP
@pytest.mark.parametrize("build", range(1, len(CLOCK)))
def test_only_days_with_an_event_change(year_of: Callable[[str], Year], shop: str, build: int) -> None:
    year = year_of(shop)
    expected = changed(year.expected(build - 1), year.expected(build))
    assert changed(year.published[build - 1], year.published[build]) == expected
    unchanged = year.published[build].keys() - expected
    assert len(unchanged) > len(expected) or build in (1, 2, 3), "most past days do not change"


def orders(year: Year, place: int, scenario: str) -> list[Any]:
    """Orders of a scenario that exist at an instant."""
    return [order for order in year.world.books(year.shop, CLOCK[place]).orders if order.scenario.startswith(scenario)]


def test_edit_on_the_next_day_changes_the_day_of_the_edit_and_of_the_order(year: Year) -> None:
    (order,) = orders(year, 0, "edit_does_all")
    assert not order.edits
    (edited,) = orders(year, 1, "edit_does_all")
    assert len(edited.edits) == 2
    moved = changed(year.published[0], year.published[1])
    new_york = {datetime.fromtimestamp(edit.happened_at - 5 * 3600, UTC).date() for edit in edited.edits}
    assert new_york <= {day for day, _ in moved}


def test_refund_after_eighty_days_changes_only_the_days_of_refund_and_order(year: Year) -> None:
    before, after = (orders(year, place, "late_refund")[0] for place in (4, 5))
    assert (len(before.refunds), len(after.refunds)) == (0, 1)
    ordered = datetime.fromtimestamp(after.processed_at - 5 * 3600, UTC).date()
    refunded = datetime.fromtimestamp(after.refunds[0].processed_at - 4 * 3600, UTC).date()
    assert (refunded - ordered).days > 60
    moved = {day for day, _ in changed(year.published[4], year.published[5])}
    assert {ordered, refunded} <= moved
    assert not {ordered + timedelta(days=number) for number in range(1, 40)} & moved


def test_deleted_order_no_longer_counts_on_its_day(year: Year) -> None:
    deleted = {order.id: order for order in orders(year, 3, "deleted")}.keys() - {
        order.id for order in orders(year, 4, "deleted")
    }
    assert deleted
    (order,) = [order for order in orders(year, 3, "deleted") if order.id in deleted]
    day = datetime.fromtimestamp(order.processed_at - 4 * 3600, UTC).date()
    placed = [
        sum(row.get("orders_placed", 0) for (key_day, _), row in year.published[place].items() if key_day == day)
        for place in (3, 4)
    ]
    assert placed[1] == placed[0] - 1


def test_imported_order_counts_on_the_day_on_which_it_was_placed(year: Year) -> None:
    (order,) = orders(year, 3, "imported")
    day = datetime.fromtimestamp(order.processed_at - 5 * 3600, UTC).date()
    assert day < START.date()
    assert not [key for key in year.published[2] if key[0] == day]
    assert [key for key in year.published[3] if key[0] == day]


def test_renamed_product_shows_its_new_title(year: Year) -> None:
    renamed = {key for key, title in year.titles[2].items() if title != year.titles[1].get(key, title)}
    assert len(renamed) == 1
    assert year.titles[2][renamed.pop()].endswith("(2nd edition)")


@IN_EACH_SHOP
def test_the_world_contains_the_clock_change_of_the_time_zone(year_of: Callable[[str], Year], shop: str) -> None:
    clock_change = {"aurora": date(2026, 3, 8), "nordlicht": date(2026, 3, 29)}[shop]
    assert [key for key in year_of(shop).published[-1] if key[0] == clock_change]

"""What happens late moves the days that it touches and no other: a shop's clock is moved on, and after each run every
day of metrics_daily is held against the shop's own books as a second, plain implementation reads them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from simulator import World, demo_world, serve
from tests.oracle import marts as books
from tests.orchestration.installation import Installation, days

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
Days = dict[tuple[Any, str], dict[str, int]]


@dataclass
class Year:
    """What the published marts said after the run at each instant of the clock."""

    world: World
    published: dict[str, list[Days]] = field(default_factory=dict)
    titles: list[dict[str, str]] = field(default_factory=list)
    last: dict[tuple[str, str], dict[tuple[Any, ...], dict[str, int]]] = field(default_factory=dict)

    def expected(self, shop: str, place: int) -> Days:
        found = books.metrics_daily(self.world, shop, CLOCK[place])
        rows = {key: {name: value for name, value in row.items() if value} for key, row in found.items()}
        return {key: row for key, row in rows.items() if row}


@pytest.fixture(scope="module")
def year(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Year]:
    year = Year(demo_world(seed=11, start=START.date(), end=CLOCK[-1], orders=800), {shop: [] for shop in SHOPS})
    place = Installation(tmp_path_factory.mktemp("late"))
    with serve(year.world, now=CLOCK[0]) as server:
        place.configure(server)
        for now in CLOCK:
            server.set_now(now)
            place.run()
            for shop in SHOPS:
                year.published[shop].append(sales(days(place.current / "all.duckdb", shop)))
            year.titles.append(dict(place.ask("select product_key, product_title from marts.products "
                                              "where tenant_id = 'aurora'")))  # fmt: skip
        year.last = {(mart, shop): table(place, mart, shop) for mart in KEYS for shop in SHOPS}
    yield year


def table(place: Installation, mart: str, shop: str) -> dict[tuple[Any, ...], dict[str, int]]:
    """A mart's numbers of one tenant by its key; rows of zeros are left out, as the books leave them out."""
    whole = "data_type in ('BIGINT', 'INTEGER') and column_name not in ('minor_units', 'month_number')"
    listed = f"select column_name from duckdb_columns() where schema_name = 'marts' and table_name = ? and {whole}"
    numbers = [row[0] for row in place.ask(listed, [mart])]
    found = place.ask(f"select {', '.join((*KEYS[mart], *numbers))} from marts.{mart} where tenant_id = ?", [shop])
    keyed = len(KEYS[mart])
    rows = {row[:keyed]: dict(zip(numbers, row[keyed:], strict=True)) for row in found}
    return {key: solid(row) for key, row in rows.items() if any(row.values())}


def sales(published: Days) -> Days:
    """Without visits and costs, which are held against books of their own end to end."""
    kept = {
        key: {name: value for name, value in row.items() if name not in ELSEWHERE} for key, row in published.items()
    }
    return {key: row for key, row in kept.items() if row}


def solid(row: dict[str, int]) -> dict[str, int]:
    return {name: value for name, value in row.items() if value}


@pytest.mark.parametrize("shop", SHOPS)
@pytest.mark.parametrize("mart", ["product_daily", "customer_daily", "cohorts"])
def test_after_all_that_happened_products_customers_and_cohorts_are_what_the_books_say(
    year: Year, mart: str, shop: str
) -> None:
    expected = getattr(books, mart)(year.world, shop, CLOCK[-1])
    assert year.last[mart, shop] == {key: solid(row) for key, row in expected.items() if any(row.values())}


def changed(before: Days, after: Days) -> set[tuple[Any, str]]:
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


@pytest.mark.parametrize("shop", SHOPS)
@pytest.mark.parametrize("place", range(len(CLOCK)))
def test_every_number_of_every_day_is_what_the_books_say(year: Year, shop: str, place: int) -> None:
    assert year.published[shop][place] == year.expected(shop, place)


@pytest.mark.parametrize("shop", SHOPS)
@pytest.mark.parametrize("place", range(1, len(CLOCK)))
def test_exactly_the_days_that_something_touched_move(year: Year, shop: str, place: int) -> None:
    expected = changed(year.expected(shop, place - 1), year.expected(shop, place))
    found = changed(year.published[shop][place - 1], year.published[shop][place])
    assert found == expected
    untouched = year.published[shop][place].keys() - expected
    assert len(untouched) > len(expected) or place in (1, 2, 3), "most of the past stands still"


def orders(year: Year, shop: str, place: int, scenario: str) -> list[Any]:
    """Orders of a scenario that exist at an instant."""
    return [order for order in year.world.books(shop, CLOCK[place]).orders if order.scenario.startswith(scenario)]


def test_an_edit_the_day_after_moves_its_own_day_and_the_orders(year: Year) -> None:
    (order,) = orders(year, "aurora", 0, "edit_does_all")
    assert not order.edits
    (edited,) = orders(year, "aurora", 1, "edit_does_all")
    assert len(edited.edits) == 2
    moved = changed(year.published["aurora"][0], year.published["aurora"][1])
    new_york = {datetime.fromtimestamp(edit.happened_at - 5 * 3600, UTC).date() for edit in edited.edits}
    assert new_york <= {day for day, _ in moved}


def test_a_refund_eighty_days_late_moves_the_refunds_day_and_the_orders_day_only(year: Year) -> None:
    before, after = (orders(year, "aurora", place, "late_refund")[0] for place in (4, 5))
    assert (len(before.refunds), len(after.refunds)) == (0, 1)
    ordered = datetime.fromtimestamp(after.processed_at - 5 * 3600, UTC).date()
    refunded = datetime.fromtimestamp(after.refunds[0].processed_at - 4 * 3600, UTC).date()
    assert (refunded - ordered).days > 60
    moved = {day for day, _ in changed(year.published["aurora"][4], year.published["aurora"][5])}
    assert {ordered, refunded} <= moved
    assert not {ordered + timedelta(days=number) for number in range(1, 40)} & moved


def test_a_deleted_order_leaves_its_day(year: Year) -> None:
    gone = {order.id: order for order in orders(year, "aurora", 3, "deleted")}.keys() - {
        order.id for order in orders(year, "aurora", 4, "deleted")
    }
    assert gone
    (order,) = [order for order in orders(year, "aurora", 3, "deleted") if order.id in gone]
    day = datetime.fromtimestamp(order.processed_at - 4 * 3600, UTC).date()
    placed = [
        sum(row.get("orders_placed", 0) for (found, _), row in year.published["aurora"][place].items() if found == day)
        for place in (3, 4)
    ]
    assert placed[1] == placed[0] - 1


def test_an_imported_order_counts_on_the_day_it_was_placed_long_ago(year: Year) -> None:
    (order,) = orders(year, "aurora", 3, "imported")
    day = datetime.fromtimestamp(order.processed_at - 5 * 3600, UTC).date()
    assert day < START.date()
    assert not [key for key in year.published["aurora"][2] if key[0] == day]
    assert [key for key in year.published["aurora"][3] if key[0] == day]


def test_a_renamed_product_shows_its_new_name_and_moves_no_number(year: Year) -> None:
    renamed = {key for key, title in year.titles[2].items() if title != year.titles[1].get(key, title)}
    assert len(renamed) == 1
    assert year.titles[2][renamed.pop()].endswith("(2nd edition)")


def test_the_clock_changes_of_both_zones_lie_within(year: Year) -> None:
    for shop, clock_change in (("aurora", date(2026, 3, 8)), ("nordlicht", date(2026, 3, 29))):
        assert [key for key in year.published[shop][-1] if key[0] == clock_change]

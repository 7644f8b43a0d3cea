"""Every number of every mart equals the simulator's books, computed a second time in plain Python (tests/books)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import pytest

from tests.books import marts as books
from tests.end_to_end.conftest import Shops

Table = dict[Any, dict[str, Any]]
ACCOUNTS = ("aurora", "nordlicht")


def read(shops: Shops, account: str, mart: str, key: tuple[str, ...], columns: tuple[str, ...]) -> Table:
    """A mart's rows by key, as the tenant's own file has them."""
    with duckdb.connect(str(shops.published / f"tenant-{account}.duckdb"), read_only=True) as db:
        rows = db.execute(f"select {', '.join((*key, *columns))} from marts.{mart}").fetchall()
    size = len(key)
    return {row[0] if size == 1 else row[:size]: dict(zip(columns, row[size:], strict=True)) for row in rows}


def same(ours: Table, theirs: Table) -> list[str]:
    """What differs, in words; rows in which every number is zero may be left out by either side."""
    found = []
    for key in sorted({*ours, *theirs}, key=str):
        mine, other = ours.get(key, {}), theirs.get(key, {})
        for name in sorted({*mine, *other}):
            if (mine.get(name) or 0) != (other.get(name) or 0):
                found.append(f"{key} {name}: {mine.get(name)} in the mart, {other.get(name)} in the books")
    return found


def columns(expected: Table) -> tuple[str, ...]:
    """The columns that the books speak of."""
    return tuple(sorted({name for row in expected.values() for name in row}))


TABLES: dict[str, tuple[tuple[str, ...], Callable[..., Table]]] = {
    "metrics_daily": (("date_day", "channel"), books.metrics_daily),
    "product_daily": (("product_key", "date_day"), books.product_daily),
    "customer_daily": (("customer_key", "date_day"), books.customer_daily),
    "cohorts": (("cohort_month", "month_number"), books.cohorts),
    "orders": (("order_id",), books.order_rows),
    "refunds": (("refund_id",), books.refund_rows),
}


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("mart", TABLES)
def test_a_mart_equals_the_books(shops: Shops, account: str, mart: str) -> None:
    key, compute = TABLES[mart]
    expected = compute(shops.world, account)
    assert len(expected) > 20
    found = same(read(shops, account, mart, key, columns(expected)), expected)
    assert not found, f"{len(found)} differ:\n" + "\n".join(found[:20])


@pytest.mark.parametrize("account", ACCOUNTS)
def test_products_and_customers_have_the_names_of_the_books(shops: Shops, account: str) -> None:
    titles = read(shops, account, "products", ("product_key",), ("product_title",))
    expected = books.product_titles(shops.world, account)
    assert {key: titles[key]["product_title"] for key in expected} == expected
    names = read(shops, account, "customer_daily", ("customer_key",), ("display_name",))
    assert {key: row["display_name"] for key, row in names.items()} == books.customer_names(shops.world, account)


@pytest.mark.parametrize("account", ACCOUNTS)
def test_the_comparison_finds_a_single_cent(shops: Shops, account: str) -> None:
    expected = books.metrics_daily(shops.world, account)
    day = max(expected, key=lambda key: expected[key]["net_sales_minor"])
    wrong = {**expected, day: {**expected[day], "net_sales_minor": expected[day]["net_sales_minor"] + 1}}
    ours = read(shops, account, "metrics_daily", ("date_day", "channel"), columns(expected))
    assert len(same(ours, wrong)) == 1


def test_every_total_agrees_with_the_shops_own_report(shops: Shops) -> None:
    with duckdb.connect(str(shops.published / "all.duckdb"), read_only=True) as db:
        compared, differing = db.execute(
            "select count(*), count(*) filter (where difference_minor <> 0) from marts.agreement "
            "where theirs_minor <> 0"
        ).fetchall()[0]
    assert compared > 1_000
    assert differing == 0

"""Every number of every mart equals the oracle: the same numbers computed in plain Python (tests/oracle)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from semantic.duckdb_files import connect
from tests.end_to_end.conftest import SHOPS_OF_WORLDS
from tests.end_to_end.sources import ACCOUNTS, Recipe, Shops
from tests.oracle import daily, marts
from tests.oracle.tables import TABLES, Table

Rows = Mapping[Any, Mapping[str, Any]]
IDS = {"campaign_id", "ad_set_id", "ad_id"}


def read(shops: Shops, account: str, name: str, table: Table, columns: tuple[str, ...]) -> Rows:
    """A mart's rows by key, as the tenant's own file has them; an advertising id that is no number becomes None."""
    size, rows = len(table.key), dict[Any, dict[str, Any]]()
    for row in shops.rows(account, f"{name} where {table.where}", (*table.key, *columns)):
        parts = tuple(
            None if column in IDS and not str(value).isdigit() else value
            for column, value in zip(table.key, row[:size], strict=True)
        )
        key = parts[0] if size == 1 else parts
        assert key not in rows, f"{name} has two rows of {key}"
        rows[key] = dict(zip(columns, row[size:], strict=True))
    return rows


def differences(actual: Rows, expected: Rows) -> list[str]:
    """The differences in words; either side may leave out a row of zeros."""
    messages = []
    for key in sorted({*actual, *expected}, key=str):
        ours, theirs = actual.get(key, {}), expected.get(key, {})
        for name in sorted({*ours, *theirs}):
            if (ours.get(name) or 0) != (theirs.get(name) or 0):
                messages.append(f"{key} {name}: {ours.get(name)} in the mart, {theirs.get(name)} in the oracle")
    return messages


def columns(expected: Rows) -> tuple[str, ...]:
    """The columns that the oracle computes."""
    return tuple(sorted({name for row in expected.values() for name in row}))


@pytest.mark.parametrize("mart", TABLES)
@pytest.mark.parametrize(("recipe", "account"), SHOPS_OF_WORLDS)
def test_mart_equals_the_oracle(shops_of: Callable[[Recipe], Shops], recipe: Recipe, account: str, mart: str) -> None:
    shops, table = shops_of(recipe), TABLES[mart]
    expected = table.compute(shops.world, account, shops.pulls)
    assert len(expected) > 5
    messages = differences(read(shops, account, mart, table, columns(expected)), expected)
    assert not messages, f"{len(messages)} differ:\n" + "\n".join(messages[:20])


@pytest.mark.parametrize("account", ACCOUNTS)
def test_names_of_products_and_customers_equal_the_oracle(shops: Shops, account: str) -> None:
    titles = dict(shops.rows(account, "products", ("product_key", "product_title")))
    expected = marts.product_titles(shops.world, account)
    assert {key: titles[key] for key in expected} == expected
    names = dict(shops.rows(account, "customer_daily", ("customer_key", "display_name")))
    assert names == marts.customer_names(shops.world, account)


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("name", ["net_sales_minor", "cash_received_minor", "ad_spend_minor", "sessions"])
def test_comparison_finds_a_difference_of_one_cent(shops: Shops, account: str, name: str) -> None:
    table, expected = TABLES["metrics_daily"], daily.metrics_daily(shops.world, account, shops.pulls)
    key = max(expected, key=lambda row_key: expected[row_key].get(name, 0))
    wrong = {**expected, key: {**expected[key], name: expected[key][name] + 1}}
    assert len(differences(read(shops, account, "metrics_daily", table, columns(expected)), wrong)) == 1


def test_every_total_reconciles_with_the_report_of_its_source(shops: Shops) -> None:
    with connect(shops.published / "all.duckdb") as db:
        compared = dict(db.execute(
            "select source, count(*) from marts.reconciliation where theirs_minor <> 0 group by all"
        ).fetchall())  # fmt: skip
        differing = db.execute("select * from marts.reconciliation where difference_minor <> 0 limit 5").fetchall()
    compared_sources = {source for source, count in compared.items() if count > 500}
    assert compared_sources == {"shopify", "stripe", "meta_ads", "tiktok_ads"}
    assert not differing

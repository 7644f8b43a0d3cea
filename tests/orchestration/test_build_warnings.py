"""What a build's warnings say."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb

from connectors.sync.staging import Staging
from orchestration import checks, dbt_build
from tests.oracle.facts import counted_orders
from tests.orchestration.installation import SHOPS, Installation, published_shops


def warned(meta: dict[str, str]) -> str:
    """The warning of a test that found three charges, two of one tenant and one of another."""
    node: Any = SimpleNamespace(
        name="a_check", compiled_code="select * from charges", config=SimpleNamespace(meta=meta)
    )  # fmt: skip
    with duckdb.connect() as db:
        db.execute("create table charges (tenant_id varchar, currency varchar, minor_units integer, charged bigint)")
        db.execute("insert into charges values ('a', 'EUR', 100, 120001), ('a', 'EUR', 100, 99), ('b', 'JPY', 1, 700)")
        return checks.warning_of(SimpleNamespace(node=node, failures=3), checks.of_duckdb(db))


def test_warning_of_a_check_with_an_amount_says_the_sum_of_each_tenant_and_the_reason() -> None:
    assert warned({"amount": "charged", "because": "they may count twice"}) == (
        "a_check: 3 rows, 1,201.00 EUR of tenant a and 700 JPY of tenant b: they may count twice"
    )


def test_warning_of_a_check_with_texts_says_the_first_of_them_once() -> None:
    assert warned({"text": "tenant_id || ' owes ' || currency"}) == "a_check: a owes EUR; b owes JPY"


def test_warning_of_a_check_without_an_amount_says_the_number_of_rows() -> None:
    assert warned({}) == "a_check: 3 rows"


def test_source_name_that_nobody_maps_is_a_warning_with_the_value_of_its_orders(tmp_path: Path) -> None:
    shutil.copytree(published_shops().root, tmp_path / "place")
    home = Installation(tmp_path / "place").home
    of_marketplace, *orders = counted_orders(SHOPS.books("nordlicht"))
    with Staging(home.staging) as staging:
        change = "source_name = 'some-feed', channel_name = 'Some feed', is_marketplace = (order_id = ?)"
        staging.db.execute(
            f"update shopify.orders set {change} where tenant_id = 'nordlicht'", [str(of_marketplace.order.id)]
        )
    total = sum(order.order_total for order in orders)
    (warning,) = [text for text in dbt_build.build(home, "again").warnings if "every_sales_channel" in text]
    assert warning == (
        f"every_sales_channel_is_known: shop nordlicht of tenant nordlicht: {len(orders)} orders of "
        f"{total // 100}.{total % 100:02} EUR have the source name 'some-feed', which Shopify calls 'Some feed', "
        "so their source of revenue is Other. Name its channel under [tenants.channels] in takings.toml"
    ), "aurora has names that are known, and an app that its configuration maps"

"""The shop from a real retailer's tables, compared with SQL on the tables."""

from __future__ import annotations

import shutil
from collections import Counter
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from simulator import RetailFolderError, World, retail_world, serve
from simulator.apis.shopify.agreements import agreements_of
from simulator.apis.shopify.query_root import QueryRoot
from tests.simulator import queries
from tests.simulator.queries import Client

FOLDER = Path("../shared/data/online_retail")


@pytest.fixture(scope="module")
def retailer() -> World:
    if not FOLDER.exists():
        pytest.skip(f"the data set {FOLDER} is not on this machine")
    return retail_world(FOLDER)


def test_amounts_and_buyers_are_complete(retailer: World) -> None:
    books = retailer.books("online_retail")
    assert len(books.orders) == 20_626
    assert sum(line.quantity * line.unit_price for order in books.orders for line in order.lines) == 1_027_211_887
    assert sum(line.price for order in books.orders for line in order.shipping) == 29_140_165
    refunds = [refund for order in books.orders for refund in order.refunds]
    assert sum(payment.amount for refund in refunds for payment in refund.transactions) == 44_836_175
    assert len(books.customers) == 4_335
    assert sum(order.customer is None for order in books.orders) == 2_166


def test_the_lines_refunds_and_ledger_of_every_order_equal_the_tables(retailer: World) -> None:
    lines = f"from '{FOLDER}/order_lines.parquet'"
    sold = dict(duckdb.sql(f"select order_id, sum(amount_minor)::bigint {lines} group by 1").fetchall())
    refunded = f"select order_id, sum(amount_minor)::bigint from '{FOLDER}/refund_lines.parquet' group by 1"
    returned = dict(duckdb.sql(refunded).fetchall())
    books = retailer.books("online_retail")
    for view in QueryRoot(books, books.at).all_of("orders"):
        name = view.order.name
        assert view.original_total == view.total == sold[name]
        assert view.refunded == returned.get(name, 0)
        assert view.current_total == sold[name] - returned.get(name, 0)
        assert view.current_total == sum(sale.total for agreement in agreements_of(view) for sale in agreement.sales)


def test_financial_statuses_and_the_end_of_the_world(retailer: World) -> None:
    books = retailer.books("online_retail")
    statuses = {view.financial_status for view in QueryRoot(books, books.at).all_of("orders")}
    assert statuses == {"PAID", "PARTIALLY_REFUNDED", "REFUNDED"}
    instants = " union all ".join(
        f"select created_at from '{FOLDER}/{name}.parquet'" for name in ("orders", "refund_lines")
    )
    ((newest,),) = duckdb.sql(f"select max(created_at) from ({instants})").fetchall()
    assert retailer.end == newest + timedelta(seconds=1)


def test_a_product_has_its_newest_title_and_a_line_the_title_of_its_sale(retailer: World) -> None:
    rows = duckdb.sql(f"""
        select sku, arg_max(title, (created_at, order_id, line_no)) from '{FOLDER}/order_lines.parquet'
        join '{FOLDER}/orders.parquet' using (order_id) where kind = 'goods' and title is not null group by 1""")
    newest = dict(rows.fetchall())
    books = retailer.books("online_retail")
    for product in books.products:
        (sku,) = {variant.sku for variant in product.variants}
        assert product.titles[0][1] == newest.get(sku, sku)
    titles = Counter(line.title for order in books.orders for line in order.lines if line.sku == "22423")
    assert titles["REGENCY CAKESTAND 3 TIER"] > 1000


def test_the_shop_is_served_over_the_api(retailer: World) -> None:
    with serve(retailer) as server:
        shop = Client(server, "online_retail")
        page = shop.data(queries.ORDERS.replace("(first: 250)", "(first: 20)"), first=3, sort="PROCESSED_AT")["orders"]
        settings = shop.data("{ shop { currencyCode ianaTimezone taxesIncluded } }")["shop"]
    assert [order["name"] for order in page["nodes"]] == ["536365", "536366", "536367"]
    assert page["nodes"][0]["customer"]["displayName"] == "Customer 17850"
    assert page["nodes"][0]["totalPriceSet"]["shopMoney"] == {"amount": "139.12", "currencyCode": "GBP"}
    assert settings == {"currencyCode": "GBP", "ianaTimezone": "Europe/London", "taxesIncluded": False}


def test_a_missing_folder_or_table_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(RetailFolderError, match=r"nowhere: it is not a folder\. Give a folder with orders\.parquet"):
        retail_world(tmp_path / "nowhere")
    (tmp_path / "orders.parquet").write_bytes(b"")
    with pytest.raises(RetailFolderError, match=r"it lacks order_lines\.parquet, refund_lines\.parquet"):
        retail_world(tmp_path)


def test_unreadable_tables_missing_columns_and_other_currencies_are_refused_by_name(tmp_path: Path) -> None:
    if not FOLDER.exists():
        pytest.skip(f"the data set {FOLDER} is not on this machine")
    for name in ("orders", "order_lines", "refund_lines"):
        shutil.copy(FOLDER / f"{name}.parquet", tmp_path / f"{name}.parquet")
    orders = tmp_path / "orders.parquet"
    for sql, why in (
        ("select * exclude (country) from o", "orders.parquet has no column country"),
        ("select * replace ('EUR' as currency) from o", "orders in EUR, expected only GBP"),
        ("select * from o limit 0", "orders.parquet has no rows"),
    ):
        with duckdb.connect() as db:
            db.execute(f"create view o as from '{FOLDER}/orders.parquet'")
            db.execute(f"copy ({sql}) to '{orders}' (format parquet)")
        with pytest.raises(RetailFolderError, match=why):
            retail_world(tmp_path)
    orders.write_text("no parquet")
    with pytest.raises(RetailFolderError, match=r"orders\.parquet cannot be read"):
        retail_world(tmp_path)

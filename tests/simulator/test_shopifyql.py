"""ShopifyQL's daily totals compared with a count by hand and with the sales agreements, and its parse errors."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from simulator import World, serve
from simulator.books import (
    Adjustment,
    Allocation,
    Application,
    Edit,
    Line,
    Order,
    PriceCut,
    Refund,
    Return,
    Reversal,
    ShippingLine,
    ShippingReversal,
    Shop,
    Tax,
)
from simulator.history import ShopHistory
from tests.simulator import queries
from tests.simulator.conftest import END, START
from tests.simulator.queries import Client

METRICS = "gross_sales, discounts, sales_reversals, net_sales, shipping_charges, taxes, total_sales"
QUERY = """query Q($text: String!) { shopifyqlQuery(query: $text) {
    parseErrors tableData { columns { name dataType displayName } rows } } }"""


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def sales_rows(client: Client, since: date, until: date, show: str = METRICS) -> list[dict[str, Any]]:
    text = f"FROM sales SHOW {show} TIMESERIES day SINCE {since} UNTIL {until}"
    response = client.data(QUERY, text=text)["shopifyqlQuery"]
    assert response["parseErrors"] == []
    rows: list[dict[str, Any]] = response["tableData"]["rows"]
    return rows


@pytest.fixture
def tiny() -> World:
    """An order of 2 × 11.90 less 1.19, prices with 19 % tax, then an edit, an exchange and refunds."""
    shop = Shop("tiny", "Tiny", "Europe/Berlin", "EUR", taxes_included=True, token="shpat_simulated_tiny")
    order = Order(1, "#1", at("2026-01-31T23:30:00"), at("2026-01-31T23:30:00"), "web", 11, taxes_included=True)
    order.applications = [(order.created_at, Application("code", "TEN"))]
    line = Line(
        21, "product", "Cup", None, "C", None, None, 2, 1190, (Allocation(0, 119),), 100, (Tax("VAT", 19000, 361),)
    )
    tip = Line(22, "tip", "Tip", None, None, None, None, 1, 300)
    card = Line(23, "gift_card", "Gift card", None, None, None, None, 1, 5000)
    order.lines = [line, tip, card]
    order.shipping = [ShippingLine(31, "Post", 595, (), 0, (Tax("VAT", 19000, 95),))]
    order.edits = [Edit(12, at("2026-02-02T10:00:00"), cuts=[PriceCut(line, 0, 119, 100, 19)])]
    swapped = Line(24, "product", "Mug", None, "M", None, None, 1, 1190, (), 0, (Tax("VAT", 19000, 190),))
    back = Return(41, 13, at("2026-02-03T10:00:00"), [Reversal(42, line, 1, 900, 171, 100)], [swapped])
    order.returns = [back]
    order.refunds = [
        Refund(51, 14, at("2026-02-03T10:05:00"), at("2026-02-03T10:05:00"), list(back.lines), of_return=back),
        Refund(
            52, 15, at("2026-02-04T10:00:00"), at("2026-02-04T10:00:00"), [Reversal(53, swapped, 1, 1000, 190, 0)],
            [ShippingReversal(54, order.shipping[0], 500, 95)], [Adjustment(55, "RESTOCK", 200)],
        ),
    ]  # fmt: skip
    test = Order(
        2, "#2", at("2026-02-01T12:00:00"), at("2026-02-01T12:00:00"), "web", 16, taxes_included=True, test=True
    )
    test.lines = [Line(25, "product", "Cup", None, "C", None, None, 1, 99999)]
    return World([ShopHistory(shop, [order, test])], datetime(2026, 2, 10, tzinfo=UTC))


def test_daily_totals_equal_a_count_by_hand(tiny: World) -> None:
    with serve(tiny) as server:
        rows = sales_rows(Client(server, "tiny"), date(2026, 1, 31), date(2026, 2, 4))
    expected = {
        # 23:30 UTC is the first of February in Berlin: 20.00 gross less 1.00, tax 3.61 + 0.95, shipping 5.00
        "2026-01-31": ("0.0", "0.0", "0.0", "0.0", "0.0", "0.0", "0.0"),
        "2026-02-01": ("20.0", "-1.0", "0.0", "19.0", "5.0", "4.56", "28.56"),
        "2026-02-02": ("0.0", "-1.0", "0.0", "-1.0", "0.0", "-0.19", "-1.19"),
        "2026-02-03": ("10.0", "0.0", "-9.0", "1.0", "0.0", "0.19", "1.19"),
        "2026-02-04": ("0.0", "0.0", "-10.0", "-10.0", "-5.0", "-2.85", "-17.85"),
    }
    assert [(row["day"], tuple(row[name.strip()] for name in METRICS.split(","))) for row in rows] == list(
        expected.items()
    )


def test_daily_totals_equal_the_sales_agreements_of_a_bulk_file(shop: Client, world: World) -> None:
    """Computes the totals from the JSON alone, as the metric definitions do."""
    zone = ZoneInfo(world.shop(shop.account).time_zone)
    sums: dict[tuple[str, str], Decimal] = {}

    def local(text: str) -> str:
        return datetime.fromisoformat(text).astimezone(zone).date().isoformat()

    lines = shop.lines(shop.bulk(queries.ORDERS_IN_BULK))
    orders = {line["id"]: line for line in lines if line["__typename"] == "Order"}
    agreements = {line["id"]: line for line in lines if line["__typename"].endswith("Agreement")}
    for sale in (line for line in lines if line["__typename"].endswith("Sale")):
        agreement = agreements[sale["__parentId"]]
        order = orders[agreement["__parentId"]]
        if order["test"]:
            continue
        day = local(order["processedAt"] if agreement["__typename"] == "OrderAgreement" else agreement["happenedAt"])
        total, tax, discount = (
            Decimal(sale[name]["shopMoney"]["amount"])
            for name in ("totalAmount", "totalTaxAmount", "totalDiscountAmountBeforeTaxes")
        )
        kind, quantity, net = sale["lineType"], sale["quantity"], total - tax
        amounts: dict[str, Decimal] = {"taxes": tax}
        if kind == "PRODUCT" and quantity > 0:
            amounts |= {"gross_sales": net + discount, "discounts": -discount}
        elif kind == "PRODUCT" and quantity == 0:
            amounts |= {"discounts": net}
        elif kind == "PRODUCT":
            amounts |= {"sales_reversals": net}
        elif kind == "SHIPPING":
            amounts |= {"shipping_charges": net}
        for name, amount in amounts.items():
            sums[day, name] = sums.get((day, name), Decimal(0)) + amount
    names = ("gross_sales", "discounts", "sales_reversals", "shipping_charges", "taxes")
    rows = sales_rows(shop, START - timedelta(days=320), END.date())
    assert {(r["day"], n): Decimal(r[n]) for r in rows for n in names if Decimal(r[n])} == {
        key: amount for key, amount in sums.items() if amount
    }


def test_days_without_sales_are_rows_of_zero(aurora: Client) -> None:
    rows = sales_rows(aurora, date(2020, 1, 1), date(2020, 1, 3), "net_sales")
    assert rows == [{"day": f"2020-01-0{n}", "net_sales": "0.0"} for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("FROM sales SHOW returns TIMESERIES day SINCE 2026-01-01", "Column 'returns' not found"),
        ("FROM orders SHOW net_sales TIMESERIES day SINCE 2026-01-01", "Table 'orders' not found"),
        ("FROM sales SHOW net_sales TIMESERIES week SINCE 2026-01-01", "TIMESERIES week"),
        ("FROM sales SHOW net_sales TIMESERIES day SINCE yesterday", "'yesterday' is not a date"),
        ("SELECT 1", "Syntax error"),
    ],
)
def test_invalid_query_returns_parse_errors(aurora: Client, text: str, error: str) -> None:
    response = aurora.data(QUERY, text=text)["shopifyqlQuery"]
    assert response["tableData"] is None
    assert error in response["parseErrors"][0]

"""Shopify's own totals: against a count by hand, against the ledger's rows, and what it refuses."""

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
ASK = """query Q($text: String!) { shopifyqlQuery(query: $text) {
    parseErrors tableData { columns { name dataType displayName } rows } } }"""


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def ask(client: Client, since: date, until: date, show: str = METRICS) -> list[dict[str, Any]]:
    text = f"FROM sales SHOW {show} TIMESERIES day SINCE {since} UNTIL {until}"
    found = client.data(ASK, text=text)["shopifyqlQuery"]
    assert found["parseErrors"] == []
    rows: list[dict[str, Any]] = found["tableData"]["rows"]
    return rows


@pytest.fixture
def tiny() -> World:
    """An order of 2 × 11.90 with 1.19 off, prices with 19 % tax, and what became of it."""
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


def test_a_count_by_hand(tiny: World) -> None:
    with serve(tiny) as server:
        rows = ask(Client(server, "tiny"), date(2026, 1, 31), date(2026, 2, 4))
    expected = {
        # 23:30 UTC is the first of February in Berlin. 20.00 gross less 1.00; tax 3.61 + 0.95; shipping 5.00
        "2026-01-31": ("0.0", "0.0", "0.0", "0.0", "0.0", "0.0", "0.0"),
        "2026-02-01": ("20.0", "-1.0", "0.0", "19.0", "5.0", "4.56", "28.56"),
        "2026-02-02": ("0.0", "-1.0", "0.0", "-1.0", "0.0", "-0.19", "-1.19"),
        "2026-02-03": ("10.0", "0.0", "-9.0", "1.0", "0.0", "0.19", "1.19"),
        "2026-02-04": ("0.0", "0.0", "-10.0", "-10.0", "-5.0", "-2.85", "-17.85"),
    }
    assert [(row["day"], tuple(row[name.strip()] for name in METRICS.split(","))) for row in rows] == list(
        expected.items()
    )


def test_it_agrees_with_the_rows_of_the_ledger_as_the_wire_shows_them(shop: Client, world: World) -> None:
    """The definitions' reading of the ledger, on JSON alone."""
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
        total, tax, off = (
            Decimal(sale[name]["shopMoney"]["amount"])
            for name in ("totalAmount", "totalTaxAmount", "totalDiscountAmountBeforeTaxes")
        )
        kind, quantity, net = sale["lineType"], sale["quantity"], total - tax
        found: dict[str, Decimal] = {"taxes": tax}
        if kind == "PRODUCT" and quantity > 0:
            found |= {"gross_sales": net + off, "discounts": -off}
        elif kind == "PRODUCT" and quantity == 0:
            found |= {"discounts": net}
        elif kind == "PRODUCT":
            found |= {"sales_reversals": net}
        elif kind == "SHIPPING":
            found |= {"shipping_charges": net}
        for name, amount in found.items():
            sums[day, name] = sums.get((day, name), Decimal(0)) + amount
    names = ("gross_sales", "discounts", "sales_reversals", "shipping_charges", "taxes")
    rows = ask(shop, START - timedelta(days=320), END.date())
    assert {(r["day"], n): Decimal(r[n]) for r in rows for n in names if Decimal(r[n])} == {
        key: amount for key, amount in sums.items() if amount
    }


def test_days_outside_the_books_are_zero_rows(aurora: Client) -> None:
    rows = ask(aurora, date(2020, 1, 1), date(2020, 1, 3), "net_sales")
    assert rows == [{"day": f"2020-01-0{n}", "net_sales": "0.0"} for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("FROM sales SHOW returns TIMESERIES day SINCE 2026-01-01", "Column 'returns' not found"),
        ("FROM orders SHOW net_sales TIMESERIES day SINCE 2026-01-01", "Table 'orders' not found"),
        ("FROM sales SHOW net_sales TIMESERIES week SINCE 2026-01-01", "TIMESERIES week"),
        ("FROM sales SHOW net_sales TIMESERIES day SINCE yesterday", "'yesterday' is not a date"),
        ("SELECT 1", "Syntax error"),
    ],
)
def test_what_cannot_be_parsed_is_said(aurora: Client, text: str, why: str) -> None:
    found = aurora.data(ASK, text=text)["shopifyqlQuery"]
    assert found["tableData"] is None
    assert why in found["parseErrors"][0]

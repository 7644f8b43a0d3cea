"""The oracle of the sales marts: cases that are counted by hand, and invariants of the definitions."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import pytest

from simulator import World, demo_world
from simulator.books import (
    Address,
    Adjustment,
    Allocation,
    Application,
    Charge,
    Edit,
    Line,
    PriceCut,
    Return,
    Reversal,
    ShippingLine,
    ShippingReversal,
    Tax,
    Transaction,
)
from tests.oracle import cards, marts
from tests.oracle.facts import counted_orders
from tests.oracle.shop import Corner, at, refund

JAN, FEB = date(2026, 1, 1), date(2026, 2, 1)


@pytest.fixture
def corner() -> Corner:
    return Corner()


def test_an_order_with_tax_discount_and_shipping_counts_on_the_shops_day(corner: Corner) -> None:
    """3 × 10.00 minus 3.00, 8 % tax on 27.00, shipping 5.00. 03:00 UTC on February 1 is January 31 in New York."""
    line = corner.line(
        corner.cup, 3, 1, discounts=(Allocation(0, 300),), discount_before_tax=300, taxes=(Tax("T", 8000, 216),)
    )
    corner.order(
        "2026-02-01T03:00:00", corner.ann, line, paid=3416,
        shipping=[ShippingLine(9, "Post", 500)], applications=[(0, Application("code", "THREE"))],
    )  # fmt: skip
    assert marts.metrics_daily(corner.world(), "corner") == {
        (date(2026, 1, 31), "Online store"): {
            "gross_sales_minor": 3000, "discounts_minor": 300, "returns_minor": 0, "net_sales_minor": 2700,
            "shipping_minor": 500, "taxes_minor": 216, "duties_minor": 0, "fees_minor": 0, "total_sales_minor": 3416,
            "order_value_minor": 2700, "revenue_all_orders_minor": 3416, "order_revenue_minor": 3416,
            "refunded_order_value_minor": 0, "refunds_by_order_date_minor": 0,
            "orders_placed": 1, "orders_valid": 1, "orders_completed": 1,
            "orders_refunded": 0, "orders_partially_refunded": 0, "orders_paid_back": 0, "units_sold": 3,
            "new_customers": 1,
        }
    }  # fmt: skip


def test_a_refund_counts_on_two_days_and_store_credit_is_not_refunded_money(corner: Corner) -> None:
    order = corner.order("2026-01-10T15:00:00", corner.ann, corner.line(corner.cup, 3, 1), paid=3000)
    cup = Reversal(5, order.lines[0], 1, 1000, 0, 0)
    refund(order, 50, "2026-02-05T15:00:00", 900, lines=[cup], adjustments=[Adjustment(6, "RESTOCK", 100)])
    refund(order, 60, "2026-02-06T15:00:00", 500, gateway="gift_card", adjustments=[Adjustment(7, "X", -500)])
    rows = marts.metrics_daily(corner.world(), "corner")
    own, fifth, sixth = (rows[day, "Online store"] for day in (date(2026, 1, 10), date(2026, 2, 5), date(2026, 2, 6)))
    assert (own["net_sales_minor"], own["refunds_by_order_date_minor"], own["orders_paid_back"]) == (3000, 900, 1)
    assert (own["order_revenue_minor"], own["refunded_order_value_minor"]) == (0, 3000)
    assert own["revenue_all_orders_minor"] == 3000
    assert (own["orders_partially_refunded"], own["orders_completed"]) == (1, 0)
    assert (fifth["returns_minor"], fifth["net_sales_minor"], fifth["refunded_amount_minor"]) == (1000, -1000, 900)
    assert (fifth["adjustments_minor"], fifth["refunds_made"]) == (100, 1)
    assert (sixth["refunded_amount_minor"], sixth["refunded_store_credit_minor"]) == (0, 500)
    assert sixth["total_sales_minor"] == 0
    assert counted_orders(corner.world().books("corner"))[0].current_total == 1600


def test_a_refund_counts_on_the_day_it_was_processed_and_only_if_it_succeeded(corner: Corner) -> None:
    order = corner.order("2026-01-10T15:00:00", corner.ann, corner.line(corner.cup, 2, 1), paid=2000)
    backdated = refund(order, 50, "2026-01-20T15:00:00", 1000, lines=[Reversal(5, order.lines[0], 1, 1000, 0, 0)])
    backdated.processed_at = at("2026-01-18T15:00:00")
    refund(order, 60, "2026-01-25T15:00:00", 1000).transactions[0].status = "FAILURE"
    rows = marts.metrics_daily(corner.world(), "corner")
    assert rows[date(2026, 1, 18), "Online store"]["refunded_amount_minor"] == 1000
    assert rows[date(2026, 1, 20), "Online store"]["returns_minor"] == 1000
    assert rows[date(2026, 1, 25), "Online store"]["refunds_made"] == 1
    assert cards.totals(corner.world(), "corner", JAN, FEB)["refunded_amount_minor"] == 1000


def test_edits_exchanges_and_lower_prices_count_on_their_own_days(corner: Corner) -> None:
    """Two cups; an edit adds a mug and lowers the price of the cups by 1.00; a cup is exchanged for a mug."""
    order = corner.order("2026-01-10T15:00:00", corner.ann, corner.line(corner.cup, 2, 1), paid=2000)
    cups, mug, exchanged = order.lines[0], corner.line(corner.mug, 1, 2), corner.line(corner.mug, 1, 3)
    order.edits = [Edit(1, at("2026-01-11T15:00:00"), added=[mug], cuts=[PriceCut(cups, 0, 100, 100, 0)])]
    order.returns = [Return(2, 3, at("2026-01-12T15:00:00"), [Reversal(5, cups, 1, 950, 0, 50)], [exchanged])]
    order.transactions.append(Transaction(7, "SALE", "card", 4000, at("2026-01-12T15:01:00")))
    table = marts.metrics_daily(corner.world(), "corner")
    days = [table[date(2026, 1, day), "Online store"] for day in (10, 11, 12)]
    assert [row["gross_sales_minor"] for row in days] == [2000, 2500, 2500]
    assert [row["discounts_minor"] for row in days] == [0, 100, 0]
    assert [row["returns_minor"] for row in days] == [0, 0, 950]
    assert [row["units_sold"] for row in days] == [2, 1, 1]
    assert days[0]["order_value_minor"] == 6900
    assert days[0]["order_revenue_minor"] == 5950  # 20.00 + 25.00 − 1.00 − 9.50 + 25.00
    products = marts.product_daily(corner.world(), "corner")
    assert products["10", date(2026, 1, 10)]["product_revenue_minor"] == 1000  # one cup is left
    assert products["20", date(2026, 1, 10)] == {"quantity_completed": 2, "product_revenue_minor": 5000,
                                                 "gross_sales_minor": 0, "discounts_minor": 0, "returns_minor": 0,
                                                 "net_sales_minor": 0}  # fmt: skip
    assert products["10", date(2026, 1, 12)]["units_returned"] == 1


def test_gift_cards_tips_duties_and_fees_are_no_sales_of_goods(corner: Corner) -> None:
    card = Line(2, "gift_card", "Gift card", None, None, None, None, 1, 5000)
    tip = Line(3, "tip", "Tip", None, None, None, None, 1, 200)
    charges = [Charge("duty", 700), Charge("fee", 30)]
    corner.order(
        "2026-01-10T15:00:00", corner.ann, corner.line(corner.cup, 1, 1), card, tip, paid=6930, charges=charges
    )
    (row,) = marts.metrics_daily(corner.world(), "corner").values()
    assert (row["gross_sales_minor"], row["gift_cards_sold_minor"], row["tips_minor"]) == (1000, 5000, 200)
    assert (row["duties_minor"], row["fees_minor"], row["total_sales_minor"]) == (700, 30, 1730)
    assert row["order_revenue_minor"] == 6930
    assert list(marts.product_daily(corner.world(), "corner")) == [("10", date(2026, 1, 10))]


def test_test_and_deleted_orders_do_not_count_and_cancelled_orders_are_not_valid(corner: Corner) -> None:
    corner.order("2026-01-10T15:00:00", corner.ann, corner.line(corner.cup, 1, 1), paid=1000, test=True)
    deleted = corner.order("2026-01-10T15:00:00", corner.ann, corner.line(corner.cup, 1, 2), paid=1000)
    deleted.deleted_at = at("2026-01-20T00:00:00")
    cancelled = corner.order("2026-01-10T16:00:00", corner.bob, corner.line(corner.cup, 1, 3), paid=1000)
    cancelled.cancelled_at = at("2026-01-11T00:00:00")
    (row,) = marts.metrics_daily(corner.world(), "corner").values()
    assert (row["orders_placed"], row["orders_valid"], row["orders_completed"]) == (1, 0, 0)
    assert (row["gross_sales_minor"], row["order_revenue_minor"]) == (1000, 0)
    before = marts.metrics_daily(corner.world(), "corner", datetime(2026, 1, 10, 20, tzinfo=UTC))
    assert [row["orders_completed"] for row in before.values()] == [2]


def test_the_buyer_is_the_customer_else_the_customer_of_the_email_else_the_email(corner: Corner) -> None:
    emails = ["ANN@example.com", "New@example.com", "new@EXAMPLE.com", None, None]
    for number, (customer, email) in enumerate([(corner.ann, None), *((None, email) for email in emails)]):
        line = corner.line(corner.cup, 1, number)
        corner.order(f"2026-01-1{number}T15:00:00", customer, line, paid=1000, email=email)
    orders = counted_orders(corner.world().books("corner"))
    buyers = [order.buyer for order in orders]
    assert buyers == ["1", "1", "new@example.com", "new@example.com", "guest:104", "guest:105"]
    assert cards.totals(corner.world(), "corner", JAN, FEB)["new_customers"] == 2
    assert {key for key, _ in marts.customer_daily(corner.world(), "corner")} == {"1"}
    assert cards.top_customers(corner.world(), "corner", JAN, FEB)[0].numbers["customer_spend_minor"] == 1000


def test_a_customer_has_the_name_on_the_newest_order(corner: Corner) -> None:
    for day, billing, shipping in (("10", "Ann Old", None), ("12", None, "Ann Ship")):
        corner.order(
            f"2026-01-{day}T15:00:00", corner.ann, corner.line(corner.cup, 1, int(day)), paid=1000,
            billing=billing and Address(billing, "US"), shipping_address=shipping and Address(shipping, "US"),
        )  # fmt: skip
    corner.order("2026-01-13T15:00:00", corner.bob, corner.line(corner.cup, 1, 3), paid=1000)
    assert marts.customer_names(corner.world(), "corner") == {"1": "Ann Ship", "2": "Bob Doe"}


def test_cohorts_reach_the_newest_month_with_rows_of_zeros(corner: Corner) -> None:
    """Ann buys twice in January and once in March, Bob in February; a guest without an email does not count.

    Of Ann's first order 4.00 are refunded with goods and 1.50 without.
    """
    for when, buyer in (
        ("2026-01-10T15:00:00", corner.ann), ("2026-01-20T15:00:00", corner.ann), ("2026-02-10T15:00:00", corner.bob),
        ("2026-03-05T15:00:00", corner.ann), ("2026-01-05T15:00:00", None),
    ):  # fmt: skip
        corner.order(when, buyer, corner.line(corner.cup, 1, len(corner.history.orders)), paid=1000)
    first = corner.history.orders[0]
    refund(first, 50, "2026-03-10T15:00:00", 400, lines=[Reversal(5, first.lines[0], 1, 400, 0, 0)])
    refund(first, 60, "2026-03-11T15:00:00", 150, adjustments=[Adjustment(7, "Goodwill", -150)])
    rows = marts.cohorts(corner.world(), "corner")
    assert {key: tuple(row.values()) for key, row in rows.items()} == {
        (date(2026, 1, 1), 0): (1, 1, 2, 1450, 1450),
        (date(2026, 1, 1), 1): (1, 0, 0, 0, 1450),
        (date(2026, 1, 1), 2): (1, 1, 1, 1000, 2450),
        (date(2026, 2, 1), 0): (1, 1, 1, 1000, 1000),
        (date(2026, 2, 1), 1): (1, 0, 0, 0, 1000),
    }


def test_a_deleted_product_has_its_sku_as_key_and_a_custom_line_its_title(corner: Corner) -> None:
    custom = Line(2, "product", "Engraving", None, None, None, None, 1, 500)
    corner.order("2026-01-10T15:00:00", corner.ann, corner.line(corner.cup, 2, 1), custom, paid=2500)
    corner.cup.product.deleted_at = at("2026-02-01T00:00:00")
    world = corner.world()
    ranked = cards.top_products(world, "corner", JAN, FEB)
    assert [(product.key, product.name, product.numbers["product_revenue_minor"]) for product in ranked] == [
        ("sku:S10", "Cup", 2000), ("custom:Engraving", "Engraving", 500),
    ]  # fmt: skip
    early = cards.top_products(world, "corner", JAN, FEB, datetime(2026, 1, 30, tzinfo=UTC))
    assert early[0].key == "10"


@pytest.mark.parametrize(("refunded", "badge"), [(0, "green"), (1, "green"), (2, "yellow"), (3, "red"), (20, "red")])
def test_the_refund_card_has_the_refund_rate_and_its_badge(corner: Corner, refunded: int, badge: str) -> None:
    """Of 20 orders: 1 is 5 %, 2 are 10 %, 3 are 15 %."""
    for number in range(20):
        order = corner.order("2026-01-10T15:00:00", corner.ann, corner.line(corner.cup, 2, number), paid=2000)
        if number < refunded:
            cups = Reversal(5, order.lines[0], 2, 2000, 0, 0)
            refund(order, 500 + number, "2026-01-12T15:00:00", 2000 if number % 2 else 1000, lines=[cups])
    card = cards.refund_card(corner.world(), "corner", JAN, FEB)
    assert card.by_status == card.rate == Fraction(refunded, 20)
    assert card.badge == badge
    assert cards.refund_card(corner.world(), "corner", date(2025, 1, 1), date(2025, 1, 2)).badge is None
    assert cards.aov(corner.world(), "corner", JAN, FEB) == 2000


def test_revenue_by_day_has_every_day_of_the_range(corner: Corner) -> None:
    corner.order("2026-01-10T15:00:00", corner.ann, corner.line(corner.cup, 2, 1), paid=2000)
    rows = cards.revenue_by_day(corner.world(), "corner", date(2026, 1, 9), date(2026, 1, 11))
    assert [(day.day, row["order_revenue_minor"]) for day, row in rows] == [(9, 0), (10, 2000), (11, 0)]


@pytest.mark.parametrize(
    ("transactions", "fields", "status"),
    [
        ({"SALE": "SUCCESS"}, {}, "PAID"),
        ({"SALE": "SUCCESS"}, {"fulfilment": [(0, "IN_PROGRESS")]}, "FULFILLING"),
        ({"SALE": "SUCCESS"}, {"fulfilment": [(0, "FULFILLED")]}, "SHIPPED"),
        ({"SALE": "SUCCESS"}, {"fulfilment": [(0, "FULFILLED")], "closed_at": 1}, "COMPLETE"),
        ({"SALE": "SUCCESS"}, {"fulfilment": [(0, "FULFILLMENT_NOT_REQUIRED")]}, "COMPLETE"),
        ({"SALE": "SUCCESS"}, {"cancelled_at": 1}, "CANCELLED"),
        ({"SALE": "PENDING"}, {}, "PENDING"),
        ({"SALE": "PENDING"}, {"cancelled_at": 1}, "CANCELLED"),
        ({"AUTHORIZATION": "SUCCESS"}, {}, "PENDING"),
        ({"AUTHORIZATION": "SUCCESS", "VOID": "SUCCESS"}, {}, "CANCELLED"),
        ({"AUTHORIZATION": "SUCCESS"}, {"expired_at": 1}, "CANCELLED"),
        ({"SALE": "SUCCESS"}, {"financial_status_unset": True}, "PENDING"),
        ({"SALE": "FAILURE"}, {}, "PENDING"),
    ],
)  # fmt: skip
def test_the_status_of_an_order(
    corner: Corner, transactions: dict[str, str], fields: dict[str, Any], status: str
) -> None:
    order = corner.order("2026-01-10T15:00:00", corner.ann, corner.line(corner.cup, 1, 1), **fields)
    for number, (kind, outcome) in enumerate(transactions.items()):
        order.transactions.append(Transaction(number, kind, "card", 1000, order.created_at, outcome))
    assert counted_orders(corner.world().books("corner"))[0].status == status


@pytest.mark.parametrize(
    ("fulfilment", "refunded", "fields", "status", "shipped"),
    [
        ("FULFILLED", 0, {}, "SHIPPED", True),
        ("FULFILLED", 0, {"closed_at": 1}, "COMPLETE", True),
        ("FULFILLED", 1000, {}, "REFUNDED", True),
        ("FULFILLED", 400, {}, "PARTIALLY_REFUNDED", True),
        ("PARTIALLY_FULFILLED", 0, {}, "FULFILLING", False),
        ("FULFILLMENT_NOT_REQUIRED", 0, {}, "COMPLETE", False),
        ("UNFULFILLED", 1000, {}, "REFUNDED", False),
    ],
)
def test_a_refund_does_not_change_that_an_order_was_shipped(
    corner: Corner, fulfilment: str, refunded: int, fields: dict[str, Any], status: str, shipped: bool
) -> None:
    line, sent = corner.line(corner.cup, 1, 1), [(0, fulfilment)]
    order = corner.order("2026-01-10T15:00:00", corner.ann, line, paid=1000, fulfilment=sent, **fields)
    if refunded:
        refund(order, 50, "2026-01-12T15:00:00", refunded)
    (facts,) = counted_orders(corner.world().books("corner"))
    assert (facts.status, facts.was_shipped) == (status, shipped)


@pytest.fixture(scope="module")
def demo() -> World:
    return demo_world(seed=7, start=date(2025, 10, 16), end=datetime(2026, 11, 20, 12, tzinfo=UTC), orders=300)


@pytest.mark.parametrize("account", ["aurora", "nordlicht"])
def test_the_movements_of_every_order_add_up_to_its_current_total(demo: World, account: str) -> None:
    """Total sales, tips, gift cards and adjustments are the current total."""
    orders = counted_orders(demo.books(account))
    assert len(orders) > 100
    for order in orders:
        parts = ("shipping", "taxes", "duties", "fees", "tips", "gift_cards_sold", "adjustments")
        assert order.net_sales + sum(map(order.sum_of, parts)) == order.current_total, order.order.scenario


@pytest.mark.parametrize("account", ["aurora", "nordlicht"])
def test_the_sums_of_the_marts_are_equal(demo: World, account: str) -> None:
    since, until = date(2020, 1, 1), date(2030, 1, 1)
    total = cards.totals(demo, account, since, until)
    products = list(marts.product_daily(demo, account).values())
    for name in ("gross_sales_minor", "discounts_minor", "returns_minor", "net_sales_minor", "units_sold"):
        assert sum(row.get(name, 0) for row in products) == total[name], name
    orders = marts.order_rows(demo, account)
    assert len(orders) == total["orders_placed"]
    assert sum(row["net_sales_minor"] for row in orders.values()) == total["net_sales_minor"]  # type: ignore[misc]
    refunds = marts.refund_rows(demo, account)
    assert sum(row["refunded_amount_minor"] for row in refunds.values()) == total["refunded_amount_minor"]  # type: ignore[misc]
    assert total["refunds_by_order_date_minor"] == total["refunded_amount_minor"]
    newest = max(number for _, number in marts.cohorts(demo, account))
    cohorts = marts.cohorts(demo, account)
    assert sum(row["customers"] for (_, number), row in cohorts.items() if number == 0) == total["new_customers"]
    assert newest >= 12


def test_refunded_shipping_lowers_only_shipping(corner: Corner) -> None:
    post = ShippingLine(9, "Post", 500)
    order = corner.order("2026-01-10T15:00:00", corner.ann, corner.line(corner.cup, 1, 1), paid=1500, shipping=[post])
    refund(order, 50, "2026-01-12T15:00:00", 500, shipping=[ShippingReversal(6, post, 500, 0)])
    row = marts.metrics_daily(corner.world(), "corner")[date(2026, 1, 12), "Online store"]
    assert (row["shipping_minor"], row["net_sales_minor"], row["total_sales_minor"]) == (-500, 0, -500)

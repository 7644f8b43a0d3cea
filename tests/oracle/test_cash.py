"""The oracle of cash: entries that are counted by hand, and the balances of the simulated accounts."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from simulator import World, demo_world
from simulator.books import DAY, Order, Shop, Transaction
from simulator.history import ShopHistory
from simulator.scenarios.payments import payment_books
from simulator.scenarios.payments.books import Ledger, PaymentBooks
from simulator.scenarios.payments.cards import Cards
from simulator.scenarios.payments.order_charges import OrderCharges
from tests.oracle import cash
from tests.oracle.facts import counted_orders, successful

NOON = int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp())
LATER = NOON + 60 * DAY


class Account:
    """A shop in New York and its Stripe account, both filled by a test."""

    def __init__(self) -> None:
        self.shop = Shop("corner", "Corner", "America/New_York", "USD", False, "shpat_simulated_corner")
        self.history = ShopHistory(self.shop)
        self.ledger = Ledger("corner", "USD")
        self.cards = Cards(self.ledger, self.shop, "seed")
        self.order_charges = OrderCharges(self.cards)

    def order(self, number: int, at: int, amount: int, source: str = "web") -> Order:
        order = Order(number, f"#{number}", at, at, source, number * 10, False)
        order.transactions.append(Transaction(number * 100, "SALE", "shopify_payments", amount, at))
        self.history.orders.append(order)
        self.order_charges.add(order)
        return order

    def world(self, monkeypatch: pytest.MonkeyPatch) -> World:
        world = World([self.history], datetime.fromtimestamp(LATER, UTC))
        monkeypatch.setattr(cash, "payment_books", lambda *_: PaymentBooks(self.ledger, LATER))
        return world


def test_cash_of_two_days_by_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    """100.00 of an order, 50.00 without one (20.00 of it refunded), fees of 2.9 % + 0.30; a Stripe fee, a payout."""
    place = Account()
    place.order(7, NOON, 10_000, source="pos")
    direct = place.cards.charge("d", NOON, 5_000, metadata={})
    place.cards.refund(direct, "r", NOON + DAY, 2_000)
    place.ledger.add_entry("bill", "stripe_fee", NOON, -900)
    place.ledger.add_entry("out", "payout", NOON + DAY, -6_000, source="po_1")
    place.ledger.add_entry("fix", "adjustment", NOON + DAY, -77)
    world = place.world(monkeypatch)
    rows = cash.cash_daily(world, "corner")
    first, second = date(2026, 3, 1), date(2026, 3, 2)
    assert {key: {name: value for name, value in row.items() if value} for key, row in rows.items()} == {
        (first, "Point of sale"): {"cash_received_minor": 10_000, "cash_fees_minor": 320,
                                   "balance_change_minor": 9_680},
        (first, "API / direct"): {"cash_received_minor": 5_000, "cash_fees_minor": 175,
                                  "balance_change_minor": 4_825, "direct_revenue_minor": 5_000},
        (first, "Account"): {"cash_fees_minor": 900, "balance_change_minor": -900},
        (second, "API / direct"): {"cash_refunded_minor": 2_000, "balance_change_minor": -2_000},
        (second, "Account"): {"payouts_minor": 6_000, "cash_other_minor": -77, "balance_change_minor": -6_077},
    }  # fmt: skip
    assert {key: (row["order_id"], row["charged_minor"]) for key, row in cash.order_charges(world, "corner").items()} \
        == {"ch_corner700": ("7", 10_000), "ch_cornerd": (None, 5_000)}  # fmt: skip


def test_a_failed_refund_returns_its_money_and_a_won_dispute_keeps_its_fee(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = Account()
    paid = place.cards.charge("d", NOON, 5_000, metadata={})
    place.cards.refund(paid, "r", NOON + DAY, 1_000, fails_at=NOON + 3 * DAY)
    place.cards.dispute(paid, "q", NOON + 5 * DAY, "won")
    place.cards.run_scheduled()
    world = place.world(monkeypatch)
    rows = {day.day: row for (day, _), row in cash.cash_daily(world, "corner").items()}
    assert (rows[2]["cash_refunded_minor"], rows[4]["cash_refunded_minor"]) == (1_000, -1_000)
    assert (rows[6]["disputes_minor"], rows[6]["cash_fees_minor"]) == (5_000, 1_500)
    assert (rows[30]["disputes_minor"], rows[30]["cash_fees_minor"]) == (-5_000, 0)
    assert sum(row["balance_change_minor"] for row in rows.values()) == 5_000 - 175 - 1_500


def test_an_entry_counts_on_the_shops_day_not_on_that_of_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    place = Account()
    place.cards.charge("d", int(datetime(2026, 3, 2, 3, tzinfo=UTC).timestamp()), 5_000, metadata={})
    world = place.world(monkeypatch)
    assert list(cash.cash_daily(world, "corner")) == [(date(2026, 3, 1), "API / direct")]


@pytest.fixture(scope="module")
def demo() -> World:
    return demo_world(seed=7, start=date(2025, 10, 16), end=datetime(2026, 11, 20, 12, tzinfo=UTC), orders=300)


@pytest.mark.parametrize("account", ["aurora", "nordlicht"])
def test_the_days_add_up_to_the_balance_of_the_account(demo: World, account: str) -> None:
    rows = list(cash.cash_daily(demo, account).values())
    total = {name: sum(row[f"{name}_minor"] for row in rows) for name in cash.NAMES}
    signed = {name: -value if name in cash.OUTGOING else value for name, value in total.items()}
    assert sum(signed.values()) == payment_books(demo, account).balance
    assert sum(row["balance_change_minor"] for row in rows) == payment_books(demo, account).balance
    books = payment_books(demo, account).cash()
    assert list(total.values()) == [
        books.received, books.fees, books.refunded, books.disputes, books.payouts, books.other,
    ]  # fmt: skip


@pytest.mark.parametrize("account", ["aurora", "nordlicht"])
def test_the_charges_of_each_order_equal_its_card_payments(demo: World, account: str) -> None:
    """Each card sale and capture counts once; an authorization without a capture has no charge with a receipt."""
    rows = cash.order_charges(demo, account).values()
    charged: dict[str, int] = {}
    for row in rows:
        if row["order_id"]:
            charged[str(row["order_id"])] = charged.get(str(row["order_id"]), 0) + int(str(row["charged_minor"]))
    expected: dict[str, int] = {}
    for facts in counted_orders(demo.books(account)):
        payments = [payment for payment in facts.order.transactions if payment.gateway == "shopify_payments"]
        paid = successful(payments, "SALE", "CAPTURE")
        if paid:
            expected[str(facts.order.id)] = paid
    assert charged == expected
    assert len([row for row in rows if row["order_id"] is None]) > 100

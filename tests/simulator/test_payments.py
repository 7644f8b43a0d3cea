"""The books of the simulated Stripe accounts: their sums, and a past that does not change."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from simulator import World, demo_world
from simulator.scenarios.payments import PaymentBooks, payment_books
from simulator.scenarios.payments.catalogue import PRICES
from simulator.scenarios.payments.order_charges import CARD_GATEWAY
from simulator.scenarios.payments.scenarios import SCENARIOS
from tests.simulator.conftest import END, START

ACCOUNTS = ["aurora", "nordlicht"]


@pytest.fixture(scope="module", params=ACCOUNTS)
def account(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def books(world: World, account: str) -> PaymentBooks:
    return payment_books(world, account)


@pytest.mark.parametrize("days", [0, 1, 17, 90, 250])
def test_cash_totals_equal_the_change_of_the_balance(world: World, account: str, days: int) -> None:
    now, before = payment_books(world, account), payment_books(world, account, END - timedelta(days=days))
    cash = now.cash(since=before.at if days else 0)
    assert cash.change == (now.balance - before.balance if days else now.balance)
    assert sum(entry.net for entry in now.entries) == now.balance


def test_cash_totals_equal_sums_over_the_objects(books: PaymentBooks) -> None:
    entries = {entry.id: entry for entry in books.entries}
    cash = books.cash()
    charges, refunds = books.states("charge"), books.states("refund")
    captured = [charge["balance_transaction"] for charge in charges if charge["captured"]]
    assert cash.received == sum(entries[entry].amount for entry in captured)
    taken = [refund["balance_transaction"] for refund in refunds if refund["balance_transaction"]]
    returned = [refund["failure_balance_transaction"] for refund in refunds if refund["status"] == "failed"]
    assert cash.refunded == -sum(entries[entry].amount for entry in taken + returned)
    disputed = [entry for dispute in books.states("dispute") for entry in dispute["balance_transactions"]]
    assert cash.disputes == -sum(entries[entry].amount for entry in disputed)
    assert cash.payouts == sum(payout["amount"] for payout in books.states("payout") if payout["status"] != "failed")
    stripe_fees = sum(entry.amount for entry in books.entries if entry.type == "stripe_fee")
    assert cash.fees == sum(entry.fee for entry in books.entries) - stripe_fees
    assert cash.received > cash.payouts > 0
    assert cash.refunded > 0
    assert cash.disputes > 0
    assert cash.other != 0


def test_charge_fees_are_2_9_percent_plus_30(books: PaymentBooks) -> None:
    for entry in books.entries:
        if entry.type == "charge":
            assert abs(entry.fee * 1000 - entry.amount * 29 - 30_000) <= 500


def test_charges_and_refunds_of_each_order_equal_its_card_payments(world: World, account: str) -> None:
    shop, books = world.history(account), payment_books(world, account)
    paid: Counter[str] = Counter()
    paid_back: Counter[str] = Counter()
    for order in shop.orders:
        if order.created_at > books.at or order.test:
            continue
        for payment in order.all_transactions():
            if payment.gateway == CARD_GATEWAY and payment.status == "SUCCESS" and payment.created_at <= books.at:
                if payment.kind in ("SALE", "CAPTURE"):
                    paid[str(order.id)] += payment.amount
                elif payment.kind == "REFUND" and payment.settled_at <= books.at:
                    paid_back[str(order.id)] += payment.amount
    order_of = {charge["id"]: charge["metadata"].get("order_id") for charge in books.states("charge")}
    received: Counter[str] = Counter()
    refunded: Counter[str] = Counter()
    charge_of = {refund["id"]: refund["charge"] for refund in books.states("refund")}
    for entry in books.entries:
        if entry.type == "charge" and order_of[entry.source or ""]:
            received[order_of[entry.source or ""]] += entry.amount
        elif entry.type in ("refund", "refund_failure") and order_of[charge_of[entry.source or ""]]:
            refunded[order_of[charge_of[entry.source or ""]]] -= entry.amount
    assert received == paid
    assert +refunded == +paid_back


def test_the_refunded_amount_of_a_charge_leaves_out_failed_refunds(books: PaymentBooks) -> None:
    sums: Counter[str] = Counter()
    for refund in books.states("refund"):
        sums[refund["charge"]] += refund["amount"] * (refund["status"] != "failed")
    for charge in books.states("charge"):
        if charge["captured"] and charge["amount"] == charge["amount_captured"]:
            assert charge["amount_refunded"] == sums[charge["id"]] <= charge["amount"]
            assert charge["refunded"] == (charge["amount_refunded"] == charge["amount"])


def test_the_lines_discounts_and_taxes_of_an_invoice_add_up_to_its_total(books: PaymentBooks) -> None:
    for invoice in books.states("invoice"):
        lines = invoice["lines"]
        discount = sum(part["amount"] for part in invoice["total_discount_amounts"])
        assert invoice["subtotal"] == sum(line["amount"] for line in lines)
        assert invoice["total"] == invoice["subtotal"] - discount >= 0
        assert discount == sum(part["amount"] for line in lines for part in line["discount_amounts"])
        taxes = sum(tax["amount"] for line in lines for tax in line["taxes"])
        assert invoice["total"] - invoice["total_excluding_tax"] == taxes
        paid, remaining = invoice["amount_paid"], invoice["amount_remaining"]
        assert invoice["status"] != "paid" or (paid, remaining) == (invoice["total"], 0)


def test_subscriptions_have_every_status_price_coupon_and_deletion(books: PaymentBooks) -> None:
    statuses, prices = set[str](), set[str]()
    for subscription in books.objects("subscription"):
        for change in subscription.changes:
            if change.at <= books.at:
                state = subscription.at(change.at)
                statuses.add(state["status"])
                prices.update(item["price"].split(books.ledger.tag)[1] for item in state.get("items", []))
    assert statuses == {"trialing", "active", "past_due", "canceled"}
    assert prices == set(PRICES) - {"one_off"}
    assert {discount["coupon_name"] for discount in books.states("discount")} == {
        coupon for scenario in SCENARIOS.values() for coupon in (*scenario.coupons, scenario.customer_coupon) if coupon
    }
    subscriptions = Counter(subscription["customer"] for subscription in books.states("subscription"))
    assert max(subscriptions.values()) == 2, "no subscriber came back"
    assert any(subscription["pause_collection"] for subscription in books.states("subscription"))
    assert {"customer", "product", "coupon", "invoice"} <= {deleted.kind for deleted in books.deleted.values()}


def test_a_tiered_price_prices_each_unit_by_its_tier() -> None:
    assert [PRICES["tiered"].amount(count) for count in (1, 5, 6, 20, 23)] == [900, 4500, 5200, 15_000, 16_500]


def test_every_object_has_an_event_except_some_refunds(books: PaymentBooks) -> None:
    with_event = {event.subject.id for event in books.events}
    without_event = {
        created.id
        for kind, objects in books.ledger.objects.items()
        for created in objects
        if kind != "discount" and created.created <= books.at and created.id not in with_event
    }
    assert without_event
    assert all(key.startswith("re_") for key in without_event)


def test_the_past_does_not_depend_on_the_worlds_end(account: str) -> None:
    early = datetime(2026, 3, 3, 9, 30, tzinfo=UTC)
    short = demo_world(seed=7, start=START, end=early, orders=200)
    long = demo_world(seed=7, start=START, end=early + timedelta(days=100), orders=200)
    payment_books(long, account)
    expected, actual = payment_books(short, account), payment_books(long, account, early)
    assert actual.entries == expected.entries
    for kind in ("charge", "refund", "dispute", "payout", "customer", "subscription", "invoice", "price"):
        assert actual.states(kind) == expected.states(kind), kind
    events, expected_events = ([(event.id, event.at, event.type) for event in books.events]
                               for books in (actual, expected))  # fmt: skip
    assert events == expected_events


def test_another_seed_gives_other_payments(world: World) -> None:
    other = demo_world(seed=8, start=date(2025, 10, 16), end=END, orders=200)
    assert payment_books(other, "aurora").cash() != payment_books(world, "aurora").cash()


def test_the_coupon_of_the_customer_applies_when_the_subscriptions_coupon_has_ended(books: PaymentBooks) -> None:
    """Three months at half of 19.00 by the coupon of the subscription, then 3.00 off by that of the customer."""
    number = list(SCENARIOS).index("coupon_and_customer_coupon")
    first = f"cus_{books.ledger.tag}m{number:05d}"
    totals = [invoice["total"] for invoice in reversed(books.states("invoice")) if invoice["customer"] == first]
    assert totals[:5] == [950, 950, 950, 1600, 1600]

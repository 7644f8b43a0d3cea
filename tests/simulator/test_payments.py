"""The books of the simulated Stripe accounts: what they add up to, and that the past stays as it was."""

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
def test_what_came_and_went_is_what_the_balance_changed_by(world: World, account: str, days: int) -> None:
    now, before = payment_books(world, account), payment_books(world, account, END - timedelta(days=days))
    cash = now.cash(since=before.at if days else 0)
    assert cash.change == (now.balance - before.balance if days else now.balance)
    assert sum(one.net for one in now.entries) == now.balance


def test_the_entries_say_what_the_objects_say(books: PaymentBooks) -> None:
    """Counted from charges, refunds, disputes and payouts, entry by entry."""
    of = {one.id: one for one in books.entries}
    cash = books.cash()
    charges, refunds = books.states("charge"), books.states("refund")
    assert cash.received == sum(of[one["balance_transaction"]].amount for one in charges if one["captured"])
    gone = sum(of[one["balance_transaction"]].amount for one in refunds if one["balance_transaction"])
    back = sum(of[one["failure_balance_transaction"]].amount for one in refunds if one["status"] == "failed")
    assert cash.refunded == -gone - back
    moved = [of[entry] for one in books.states("dispute") for entry in one["balance_transactions"]]
    assert cash.disputes == -sum(one.amount for one in moved)
    assert cash.payouts == sum(one["amount"] for one in books.states("payout") if one["status"] != "failed")
    bill = sum(one.amount for one in books.entries if one.type == "stripe_fee")
    assert cash.fees == sum(one.fee for one in books.entries) - bill
    assert cash.received > cash.payouts > 0
    assert cash.refunded > 0
    assert cash.disputes > 0
    assert cash.other != 0


def test_fees_are_2_9_percent_and_30(books: PaymentBooks) -> None:
    for one in books.entries:
        if one.type == "charge":
            assert abs(one.fee * 1000 - one.amount * 29 - 30_000) <= 500


def test_every_payment_by_card_of_an_order_is_a_charge(world: World, account: str) -> None:
    shop, books = world.history(account), payment_books(world, account)
    paid: Counter[str] = Counter()
    back: Counter[str] = Counter()
    for order in shop.orders:
        if order.created_at > books.at or order.test:
            continue
        for one in order.all_transactions():
            if one.gateway == CARD_GATEWAY and one.status == "SUCCESS" and one.created_at <= books.at:
                if one.kind in ("SALE", "CAPTURE"):
                    paid[str(order.id)] += one.amount
                elif one.kind == "REFUND" and one.settled_at <= books.at:
                    back[str(order.id)] += one.amount
    of_order = {one["id"]: one["metadata"].get("order_id") for one in books.states("charge")}
    received: Counter[str] = Counter()
    refunded: Counter[str] = Counter()
    refund_of = {one["id"]: one["charge"] for one in books.states("refund")}
    for entry in books.entries:
        if entry.type == "charge" and of_order[entry.source or ""]:
            received[of_order[entry.source or ""]] += entry.amount
        elif entry.type in ("refund", "refund_failure") and of_order[refund_of[entry.source or ""]]:
            refunded[of_order[refund_of[entry.source or ""]]] -= entry.amount
    assert received == paid
    assert +refunded == +back


def test_a_refunded_amount_is_that_of_the_refunds_that_did_not_fail(books: PaymentBooks) -> None:
    sums: Counter[str] = Counter()
    for one in books.states("refund"):
        sums[one["charge"]] += one["amount"] * (one["status"] != "failed")
    for one in books.states("charge"):
        if one["captured"] and one["amount"] == one["amount_captured"]:
            assert one["amount_refunded"] == sums[one["id"]] <= one["amount"]
            assert one["refunded"] == (one["amount_refunded"] == one["amount"])


def test_an_invoice_adds_up(books: PaymentBooks) -> None:
    for one in books.states("invoice"):
        lines = one["lines"]
        off = sum(each["amount"] for each in one["total_discount_amounts"])
        assert one["subtotal"] == sum(line["amount"] for line in lines)
        assert one["total"] == one["subtotal"] - off >= 0
        assert off == sum(each["amount"] for line in lines for each in line["discount_amounts"])
        assert one["total"] - one["total_excluding_tax"] == sum(
            tax["amount"] for line in lines for tax in line["taxes"]
        )
        assert one["status"] != "paid" or (one["amount_paid"], one["amount_remaining"]) == (one["total"], 0)


def test_subscriptions_live_through_all_that_can_happen(books: PaymentBooks) -> None:
    seen = {"status": set(), "price": set(), "coupon": set()}  # type: dict[str, set[str]]
    for thing in books.objects("subscription"):
        for change in thing.changes:
            if change.at <= books.at:
                state = thing.at(change.at)
                seen["status"].add(state["status"])
                seen["price"].update(item["price"].split(books.ledger.tag)[1] for item in state.get("items", []))
    assert seen["status"] == {"trialing", "active", "past_due", "canceled"}
    assert seen["price"] == set(PRICES) - {"one_off"}
    assert {one["coupon_name"] for one in books.states("discount")} == {
        coupon for scenario in SCENARIOS.values() for coupon in (*scenario.coupons, scenario.customer_coupon) if coupon
    }
    starts = Counter(one["customer"] for one in books.states("subscription"))
    assert max(starts.values()) == 2, "somebody came back"
    assert any(one["pause_collection"] for one in books.states("subscription"))
    assert {"customer", "product", "coupon", "invoice"} <= {one.kind for one in books.deleted.values()}


def test_a_tiered_price_asks_for_each_unit_what_its_tier_says() -> None:
    assert [PRICES["tiered"].amount(count) for count in (1, 5, 6, 20, 23)] == [900, 4500, 5200, 15_000, 16_500]


def test_whatever_changes_is_told_but_for_one_kind_of_refund(books: PaymentBooks) -> None:
    told = {one.subject.id for one in books.events}
    silent = {
        thing.id
        for kind, things in books.ledger.objects.items()
        for thing in things
        if kind != "discount" and thing.created <= books.at and thing.id not in told
    }
    assert silent
    assert all(each.startswith("re_") for each in silent)


def test_the_past_stays_as_it_was(account: str) -> None:
    """A world that goes on, and one that ends earlier, agree on everything until then."""
    early = datetime(2026, 3, 3, 9, 30, tzinfo=UTC)
    short = demo_world(seed=7, start=START, end=early, orders=200)
    long = demo_world(seed=7, start=START, end=early + timedelta(days=100), orders=200)
    payment_books(long, account)
    one, other = payment_books(short, account), payment_books(long, account, early)
    assert one.entries == other.entries
    for kind in ("charge", "refund", "dispute", "payout", "customer", "subscription", "invoice", "price"):
        assert one.states(kind) == other.states(kind), kind
    assert [(each.id, each.at, each.type) for each in one.events] == [
        (each.id, each.at, each.type) for each in other.events
    ]


def test_another_seed_has_other_payments(world: World) -> None:
    other = demo_world(seed=8, start=date(2025, 10, 16), end=END, orders=200)
    assert payment_books(other, "aurora").cash() != payment_books(world, "aurora").cash()


def test_a_subscriptions_own_coupon_keeps_the_customers_off(books: PaymentBooks) -> None:
    """Three months at half of 19.00, as the subscription's coupon says; then 3.00 less, as the customer's does."""
    name = list(SCENARIOS).index("coupon_and_customer_coupon")
    first = f"cus_{books.ledger.tag}m{name:05d}"
    totals = [one["total"] for one in reversed(books.states("invoice")) if one["customer"] == first]
    assert totals[:5] == [950, 950, 950, 1600, 1600]

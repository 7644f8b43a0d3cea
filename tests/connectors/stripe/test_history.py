"""The history of subscriptions as of each pull: Stripe keeps none, so staging does."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from simulator import World, serve
from simulator.scenarios.payments import payment_books
from simulator.scenarios.payments.books import StripeObject
from simulator.world import seconds
from tests.connectors.stripe.accounts import Place, small_world

FIRST = datetime(2026, 3, 2, 13, 17, 23, tzinfo=UTC)
LATER = [FIRST + timedelta(days=days) for days in (7, 14, 28, 45)]


@pytest.fixture(scope="module")
def world() -> World:
    return small_world()


@pytest.fixture(scope="module")
def after_many_pulls(world: World, tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place(tmp_path_factory.mktemp("walked"))
    with serve(world, now=FIRST) as server:
        for now in (FIRST, *LATER, LATER[-1]):
            server.set_now(now)
            place.pull(server)
    return place


def seen_at(now: datetime) -> datetime:
    """The `seen_at` of a pull at ``now``: a pull reads until a minute before."""
    return now - timedelta(seconds=60)


def from_books(
    thing: StripeObject, at: datetime
) -> tuple[str, str | None, list[tuple[str, str, int | None]], list[str]]:
    """Status, pause, items and discounts of a subscription in the books, in their order."""
    state = thing.at(seconds(at))
    pause = state["pause_collection"]
    items = sorted((one["id"], one["price"], one["quantity"]) for one in state["items"])
    discounts = [*state["discounts"], *(discount for one in state["items"] for discount in one["discounts"])]
    return str(state["status"]), pause and pause["behavior"], items, discounts


def test_newest_history_row_at_each_pull_equals_the_books_of_then(world: World, after_many_pulls: Place) -> None:
    compared = 0
    for now in (FIRST, *LATER):
        at = seen_at(now)
        rows = after_many_pulls.rows(
            "select subscription_id, status, pause_behavior, items, discounts from stripe.subscriptions_history "
            "where seen_at <= ? qualify row_number() over (partition by subscription_id order by seen_at desc) = 1",
            [at.replace(tzinfo=None)],
        )
        newest = {row[0]: row[1:] for row in rows}
        books = payment_books(world, "aurora", at)
        assert set(newest) == {one.id for one in books.objects("subscription")}
        coupons = {one["id"]: one["source"]["coupon"] for one in books.states("discount")}
        for thing in books.objects("subscription"):
            status, pause, items, discounts = from_books(thing, at)
            stored_status, stored_pause, items_json, stored_discounts = newest[thing.id]
            stored_items = sorted((one["item_id"], one["price_id"], one["quantity"]) for one in json.loads(items_json))
            assert (stored_status, stored_pause, stored_items) == (status, pause, items), thing.id
            expected = [coupons[discount] for discount in discounts]
            assert [one["coupon_id"] for one in json.loads(stored_discounts)] == expected, thing.id
            compared += 1
    assert compared > 100


def test_history_has_a_row_per_change_and_none_per_pull(after_many_pulls: Place) -> None:
    """An upgrade, a pause and a cancellation each add a row; most subscriptions never change."""
    counts = dict(
        after_many_pulls.rows("select subscription_id, count(*) from stripe.subscriptions_history group by all")
    )
    assert max(counts.values()) > 1
    assert sum(one == 1 for one in counts.values()) > len(counts) / 2
    repeated = after_many_pulls.rows(
        "select 1 from stripe.subscriptions_history group by subscription_id, seen_at having count(*) > 1"
    )
    assert not repeated


def test_history_keeps_the_inclusive_tax_of_items(after_many_pulls: Place) -> None:
    rows = after_many_pulls.rows("select items from stripe.subscriptions_history where items like '%inclusive%'")
    percents = {one["inclusive_tax_percent"] for (items,) in rows for one in json.loads(items)}
    assert percents == {None, 19.0}


def test_customer_without_a_discount_has_a_history_row_without_coupon(after_many_pulls: Place) -> None:
    rows = after_many_pulls.rows("select count(distinct customer_id), count(*), count(coupon_id) "
                       "from stripe.customer_discounts_history")  # fmt: skip
    customers = after_many_pulls.rows("select count(*), count(coupon_id) from stripe.customers")
    assert rows[0][0] == customers[0][0]
    assert rows[0][2] >= customers[0][1] > 0

"""The books of the demo shops: special cases, sums, and a past that does not change."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from simulator import World, demo_world
from simulator.apis.shopify import bulk
from simulator.apis.shopify.agreements import agreements_of
from simulator.apis.shopify.bulk_query import parse_bulk_query
from simulator.apis.shopify.order_views import OrderView
from simulator.apis.shopify.query_root import QueryRoot
from simulator.apis.shopify.schema import schema
from simulator.books import DAY, Order
from simulator.money import split, tax_of
from simulator.scenarios.demo.scenarios import SCENARIOS
from tests.simulator import queries
from tests.simulator.conftest import END, START

ACCOUNTS = ["aurora", "nordlicht"]


def views(world: World, account: str, at: datetime = END) -> list[OrderView]:
    books = world.books(account, at)
    return QueryRoot(books, books.at).all_of("orders")


def everything_shown(world: World, account: str, at: datetime) -> list[str]:
    """Everything that the API shows of a shop, as lines of bulk files."""
    books, lines = world.books(account, at), list[str]()
    roots = QueryRoot(books, books.at)
    for text in (queries.ORDERS_IN_BULK, queries.PRODUCTS_IN_BULK, queries.CUSTOMERS_IN_BULK):
        query = parse_bulk_query(schema(), text)
        for view in roots.all_of(query.root):
            bulk.append_lines(query.serializer, view, "}", lines)
    return lines + [repr(deletion) for deletion in books.deletions]


@pytest.mark.parametrize("account", ACCOUNTS)
@pytest.mark.parametrize("days_before_the_end", [0, 50, 200, 330])
def test_the_ledger_of_every_order_adds_up_to_its_current_total(
    world: World, account: str, days_before_the_end: int
) -> None:
    orders = views(world, account, END - timedelta(days=days_before_the_end))
    wrong = [
        v.order.scenario for v in orders if sum(s.total for a in agreements_of(v) for s in a.sales) != v.current_total
    ]
    assert orders
    assert wrong == []


def test_a_small_world_has_every_special_case(world: World) -> None:
    for account in ACCOUNTS:
        occurring = {order.scenario for order in world.history(account).orders}
        assert set(SCENARIOS) <= occurring, set(SCENARIOS) - occurring


def test_the_past_does_not_depend_on_the_worlds_end() -> None:
    middle = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)
    short = demo_world(seed=7, start=START, end=middle, orders=300)
    long = demo_world(seed=7, start=START, end=END, orders=300)
    moved_on = demo_world(seed=7, start=START, end=middle, orders=300)
    for account in ACCOUNTS:
        long.books(account)
        moved_on.books(account, middle - timedelta(days=90))
        moved_on.books(account, END)
        expected = everything_shown(short, account, middle)
        assert len(expected) > 500
        assert everything_shown(long, account, middle) == expected
        assert everything_shown(moved_on, account, middle) == expected
        assert everything_shown(long, account, END) != expected


def test_the_same_seed_gives_the_same_world_and_another_seed_another(world: World) -> None:
    again = demo_world(seed=7, start=START, end=END, orders=300)
    other = demo_world(seed=8, start=START, end=END, orders=300)
    assert everything_shown(again, "aurora", END) == everything_shown(world, "aurora", END)
    assert everything_shown(other, "aurora", END) != everything_shown(world, "aurora", END)


@pytest.mark.slow
def test_the_demo_has_about_the_requested_number_of_orders() -> None:
    large = demo_world(seed=7, start=START, end=END, orders=20_000)
    counts = [len(large.books(account).orders) for account in ACCOUNTS]
    assert sum(counts) == pytest.approx(20_000, rel=0.02)
    assert counts[0] > counts[1] > 7_000


def test_an_order_at_an_earlier_instant_has_no_later_refund(world: World) -> None:
    late = next(o for o in world.history("aurora").orders if o.scenario == "late_refund")
    before = datetime.fromtimestamp(late.refunds[0].created_at - 1, UTC)
    earlier = next(o for o in world.books("aurora", before).orders if o.id == late.id)
    assert earlier.refunds == []
    assert late.refunds[0].created_at - late.created_at > 60 * DAY
    after = next(o for o in world.books("aurora", before + timedelta(seconds=1)).orders if o.id == late.id)
    assert len(after.refunds) == 1
    assert world.books("aurora", before + timedelta(seconds=1)).updated_at[late.id] == late.refunds[0].created_at


def test_the_returned_parts_of_a_line_add_up_to_the_whole(world: World) -> None:
    def whole(order: Order) -> tuple[int, int]:
        lines, included = order.all_lines(), order.taxes_included
        tax = sum(tax.amount for line in lines for tax in line.taxes)
        shown = sum(line.quantity * line.unit_price - sum(d.amount for d in line.discounts) for line in lines)
        return shown - (tax if included else 0), tax

    for account in ACCOUNTS:
        orders = [o for o in world.history(account).orders if o.scenario in ("full_refund", "cancelled_with_refund")]
        assert orders
        for order in orders:
            reversals = order.reversals()
            assert (sum(part.net for part in reversals), sum(part.tax for part in reversals)) == whole(order)


def test_orders_are_placed_around_midnight_and_on_both_sides_of_clock_changes(world: World) -> None:
    zone = ZoneInfo("America/New_York")
    local = [datetime.fromtimestamp(o.created_at, zone) for o in world.history("aurora").orders]
    for day in (date(2026, 3, 8), date(2025, 11, 2), date(2026, 11, 1)):
        offsets = {at.utcoffset() for at in local if at.date() == day}
        assert len(offsets) == 2, day
    minutes = Counter(at.strftime("%H:%M") for at in local)
    assert minutes["00:00"] > 5
    assert minutes["23:59"] > 5


def test_a_bulk_edit_gives_many_orders_the_same_updated_at(world: World) -> None:
    most = 0
    for day in range(START.toordinal() + 96, END.date().toordinal(), 97):
        noon = datetime.combine(date.fromordinal(day), datetime.min.time(), UTC) + timedelta(hours=12)
        books = world.books("aurora", noon)
        most = max(most, Counter(books.updated_at.values()).most_common(1)[0][1])
    assert most > 10


def test_some_costs_are_null_or_change_and_some_products_are_deleted(world: World) -> None:
    history = world.history("aurora")
    variants = [variant for product in history.products for variant in product.variants]
    assert any(variant.costs[0][1] is None for variant in variants)
    assert any(len(variant.costs) > 1 for variant in variants)
    assert any(len(product.variants) > 2 for product in history.products)
    deleted = {product.id for product in history.products if product.deleted_at <= world.books("aurora").at}
    assert len(deleted) == 4
    sold = [line for order in world.books("aurora").orders for line in order.lines if line.variant is not None]
    assert any(line.variant.product.id in deleted for line in sold if line.variant)


@pytest.mark.parametrize(
    ("total", "weights", "parts"),
    [(100, [1, 1, 1], [34, 33, 33]), (1, [5, 5], [1, 0]), (10, [0, 0], [10, 0]), (1000, [1999, 1], [1000, 0])],
)
def test_split_allocates_every_cent(total: int, weights: list[int], parts: list[int]) -> None:
    assert split(total, weights) == parts


@pytest.mark.parametrize(
    ("shown", "rate", "included", "tax"),
    [(11900, 19000, True, 1900), (10000, 8875, False, 888), (1, 19000, True, 0), (0, 19000, False, 0)],
)
def test_tax_is_contained_in_the_amount_or_added_to_it(shown: int, rate: int, included: bool, tax: int) -> None:
    assert tax_of(shown, rate, included) == tax

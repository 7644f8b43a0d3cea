"""Prices that are in no list, coupon ids that are used again, and Stripe's own fixtures through the connector."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.base import Window
from connectors.http import Transport
from connectors.stripe.client import Client
from connectors.stripe.deletions import land_deletions
from connectors.stripe.pages import flatten
from connectors.stripe.streams import DELETIONS, EVENTS, FEEDS, STREAMS, Feed
from connectors.sync.loop import PullContext
from connectors.sync.staging import Staging
from simulator import serve
from simulator.scenarios.payments import payment_books
from tests.connectors.stripe.accounts import Place, differences, small_world

FIRST = datetime(2026, 3, 2, 13, 17, 23, tzinfo=UTC)
TUESDAY = datetime(2026, 3, 10, 12, tzinfo=UTC)
FIXTURES = Path(__file__).resolve().parents[4] / "shared/data/specs/stripe_fixtures/fixtures3.json"


def test_archived_and_inline_prices_are_loaded_and_never_counted_as_deleted(place: Place) -> None:
    """`GET /v1/prices` lists active prices by default, and never the inline price of a sale."""
    world = small_world()
    with serve(world, now=FIRST) as server:
        place.pull(server)
        without = "select price_id from stripe.subscription_items anti join stripe.prices using (price_id)"
        assert place.rows(without) == []
        ids = {key for (key,) in place.rows("select price_id from stripe.prices")}
        assert {"price_auroramonthly_plus", "price_auroraweekly"} <= ids
        server.set_now(now := FIRST + timedelta(days=40))
        place.pull(server)
    assert place.rows("select * from stripe.deletions where object_type = 'price'") == []
    assert differences(place, payment_books(world, "aurora", now)) == {}


class CouponEvents:
    """Loads events of one coupon, and the deletions that follow from them."""

    def __init__(self, place: Place) -> None:
        self.place, self.account = place, place.known_as(None, "rk_live_1", "http://nobody")  # type: ignore[arg-type]
        self.until = TUESDAY

    def load(self, *types: str) -> list[tuple[str, bool]]:
        """Loads the events of one hour, in order. Returns (id, whether it is deleted) of each recorded deletion."""
        start, self.until = (None if self.until == TUESDAY else self.until), self.until + timedelta(hours=3)
        events = [
            {"id": f"evt_{self.until:%H}{number}", "object": "event", "type": f"coupon.{name}",
             "created": int((self.until - timedelta(minutes=60 - number)).timestamp()),
             "data": {"object": {"id": "SUMMER", "object": "coupon"}}}
            for number, name in enumerate(types)
        ]  # fmt: skip
        with Staging(self.place.staging) as staging:
            staging.prepare("stripe", STREAMS)
            landed = self.place.landing.begin(self.account, "events", Window(start, self.until))
            landed.write_part(json.dumps(one).encode() for one in events)
            landed.seal()
            staging.load(self.account, EVENTS, landed, "run")
            landed = self.place.landing.begin(self.account, "deletions", Window(start, self.until))
            context = PullContext(self.account, self.place.landing, staging, "run", Transport())
            land_deletions(context, Client(self.account, context.transport), landed)
            staging.load(self.account, DELETIONS, landed, "run")
            return staging.db.execute("select object_id, restored_at is null from stripe.deletions").fetchall()


@pytest.mark.parametrize(
    ("hours", "ends"),
    [
        ([("created", "deleted")], [("SUMMER", True)]),
        ([("deleted", "created")], [("SUMMER", False)]),
        ([("deleted",), ("created",)], [("SUMMER", False)]),
        ([("deleted", "created"), ("deleted",)], [("SUMMER", True)]),
        ([("created",), ("updated",)], []),
    ],
)
def test_created_coupon_with_the_id_of_a_deleted_one_restores_it(
    place: Place, hours: list[tuple[str, ...]], ends: list[tuple[str, bool]]
) -> None:
    coupon = CouponEvents(place)
    assert [coupon.load(*types) for types in hours][-1] == ends


def load(place: Place, objects: dict[str, list[dict[str, Any]]]) -> dict[str, tuple[int, int, int]]:
    """Loads objects by kind into staging as the connector does. Returns (read, changed, rejected) by kind."""
    account = place.known_as(None, "rk_live_1", "http://nobody")  # type: ignore[arg-type]
    client, results = Client(account, Transport()), {}
    with Staging(place.staging) as staging:
        staging.prepare("stripe", STREAMS)
        for feed in FEEDS:
            raws = [msgspec.Raw(json.dumps(one).encode()) for one in objects.get(feed.kind, ())]
            if raws:
                landed = place.landing.begin(account, feed.stream.name, Window(None, TUESDAY))
                landed.write_part(record for raw in raws for record in flatten(client, feed, raw))
                landed.seal()
                results[feed.kind] = staging.load(account, feed.stream, landed, "run")
    return results


def test_price_tier_keeps_fractions_of_a_cent(place: Place) -> None:
    tier = {"up_to": None, "unit_amount": None, "unit_amount_decimal": "0.5", "flat_amount": None,
            "flat_amount_decimal": "12.75"}  # fmt: skip
    load(place, {"price": [{"id": "price_1", "object": "price", "created": 5, "currency": "usd", "tiers": [tier]}]})
    ((unit, flat_amount),) = place.rows("select unit_amount_decimal, flat_amount_decimal from stripe.price_tiers")
    assert (unit, flat_amount) == (Decimal("0.5"), Decimal("12.75"))


def test_items_without_tax_rates_take_those_of_the_subscription(place: Place) -> None:
    """Inclusive rates add up. An exclusive rate of the item counts as its own rate, and adds nothing."""
    low, high, on_top = (
        {"id": f"txr_{percent}", "object": "tax_rate", "percentage": percent, "inclusive": inside}
        for percent, inside in ((7.0, True), (19.0, True), (5.5, False))
    )
    items = {"plain": [], "own": [low, high], "on_top": [on_top]}
    load(place, {"subscription": [{
        "id": "sub_1", "object": "subscription", "created": 5, "discounts": [], "default_tax_rates": [high, on_top],
        "automatic_tax": {"enabled": True, "liability": None, "disabled_reason": None},
        "items": {"object": "list", "has_more": False, "data": [
            {"id": name, "object": "subscription_item", "created": 5, "tax_rates": rates, "discounts": []}
            for name, rates in items.items()]},
    }]})  # fmt: skip
    percents = {"plain": 19, "own": 26, "on_top": None}
    rows = place.rows("select subscription_item_id, inclusive_tax_percent from stripe.subscription_items")
    assert dict(rows) == percents
    ((stored,),) = place.rows("select items from stripe.subscriptions_history")
    assert {one["item_id"]: one["inclusive_tax_percent"] for one in json.loads(stored)} == percents
    assert place.rows("select has_automatic_tax from stripe.subscriptions") == [(True,)]


def test_recreated_coupon_keeps_the_row_of_its_old_terms(place: Place) -> None:
    old = {"id": "SUMMER", "object": "coupon", "created": 5, "duration": "forever", "percent_off": 10}
    load(place, {"coupon": [old]})
    load(place, {"coupon": [old | {"created": 9, "percent_off": 50}]})
    rows = place.rows("select coupon_id, epoch(created_at)::int, percent_off from stripe.coupons order by all")
    assert rows == [("SUMMER", 5, 10), ("SUMMER", 9, 50)]


def test_amounts_of_prices_and_coupons_in_other_currencies_are_read(place: Place) -> None:
    price_options = {"usd": {"unit_amount": 1900, "unit_amount_decimal": "1900"},
                     "jpy": {"unit_amount": None, "unit_amount_decimal": "2100.5"}}  # fmt: skip
    load(place, {
        "price": [{"id": "price_1", "object": "price", "created": 5, "currency": "usd",
                   "currency_options": price_options},
                  {"id": "price_2", "object": "price", "created": 5, "currency": "usd"}],
        "coupon": [{"id": "SEVEN", "object": "coupon", "created": 5, "currency": "usd", "amount_off": 700,
                    "currency_options": {"eur": {"amount_off": 650}}},
                   {"id": "TENTH", "object": "coupon", "created": 5, "percent_off": 10, "currency_options": {}}],
    })  # fmt: skip
    prices = place.rows(
        "select price_id, currency, unit_amount, unit_amount_decimal from stripe.price_currency_options"
    )
    assert sorted(prices) == [("price_1", "JPY", None, Decimal("2100.5")), ("price_1", "USD", 1900, Decimal(1900))]
    assert place.rows("select coupon_id, currency, amount_off from stripe.coupon_currency_options") == [
        ("SEVEN", "EUR", 650)
    ]


def test_prices_and_coupons_used_in_a_currency_whose_amount_is_not_known_are_read_again(place: Place) -> None:
    """An account that an earlier version pulled has no amounts in other currencies."""
    item = {"id": "si_1", "object": "subscription_item", "created": 5, "discounts": [], "tax_rates": [],
            "price": {"id": "plan"}}  # fmt: skip
    discount = {"id": "di_1", "source": {"coupon": "SEVEN"}}
    subscription = {"id": "sub_1", "object": "subscription", "created": 5, "currency": "eur", "customer": "cus_1",
                    "discounts": [discount], "items": {"has_more": False, "data": [item]}}  # fmt: skip
    price = {"id": "plan", "object": "price", "created": 5, "currency": "usd", "billing_scheme": "per_unit"}
    coupon = {"id": "SEVEN", "object": "coupon", "created": 5, "currency": "usd", "amount_off": 700}
    customer_coupon = coupon | {"id": "OTHER"}
    customer = {"id": "cus_1", "object": "customer", "created": 5,
                "discount": {"id": "di_2", "source": {"coupon": "OTHER"}}}  # fmt: skip
    load(place, {"subscription": [subscription], "price": [price], "customer": [customer],
                 "coupon": [coupon, customer_coupon]})  # fmt: skip
    assert out_of_date(place) == {"price": ["plan"], "coupon": ["OTHER", "SEVEN"]}
    euros = {"currency_options": {"eur": {"amount_off": 650, "unit_amount": 1750}}}
    load(place, {"price": [price | euros], "coupon": [coupon | euros, customer_coupon | euros]})
    assert out_of_date(place) == {"price": [], "coupon": []}


def out_of_date(place: Place) -> dict[str, list[str]]:
    """The ids that staging shows to be out of date, of prices and coupons."""
    account = place.known_as(None, "rk_live_1", "http://nobody")  # type: ignore[arg-type]
    with Staging(place.staging) as staging:
        reader = staging.reader(account)
        questions = {feed.kind: feed.out_of_date for feed in FEEDS if feed.kind in ("price", "coupon")}
        return {
            kind: sorted(row[0] for row in reader.rows(question)) for kind, question in questions.items() if question
        }


def of_kind(objects: dict[str, list[dict[str, Any]]], value: Any) -> dict[str, list[dict[str, Any]]]:
    """Every complete object inside a value, by its kind."""
    if isinstance(value, dict):
        if {"id", "object", "created"} <= set(value):
            objects.setdefault(str(value["object"]), []).append(value)
        for one in value.values():
            of_kind(objects, one)
    elif isinstance(value, list):
        for one in value:
            of_kind(objects, one)
    return objects


@pytest.fixture(scope="module")
def fixtures() -> dict[str, list[dict[str, Any]]]:
    if not FIXTURES.exists():
        pytest.skip(f"Stripe's own fixtures are not at {FIXTURES}.")
    return of_kind({}, json.loads(FIXTURES.read_text())["resources"])


def test_stripes_own_fixtures_load_without_rejects(place: Place, fixtures: dict[str, list[dict[str, Any]]]) -> None:
    once = {kind: list({one["id"]: one for one in rows}.values()) for kind, rows in fixtures.items()}
    results = load(place, once)
    assert set(results) == {feed.kind for feed in FEEDS}
    assert all(changed > 0 and rejected == 0 for _, changed, rejected in results.values())
    assert place.rows("select * from takings.rejects") == []
    charge = once["charge"][0]
    ((amount, currency, at),) = place.rows(
        "select amount, currency, created_at from stripe.charges where charge_id = ?", [charge["id"]]
    )
    assert (amount, currency) == (charge["amount"], charge["currency"].upper())
    assert at == datetime.fromtimestamp(charge["created"], UTC).replace(tzinfo=None)


@pytest.mark.parametrize("feed", FEEDS, ids=lambda feed: feed.kind)
def test_every_declared_field_is_in_stripes_fixtures(fixtures: dict[str, list[dict[str, Any]]], feed: Feed) -> None:
    """In the object or in the objects inside it. ``only_sometimes`` lists the fields that Stripe omits."""
    only_sometimes = {
        "refund": {"failure_reason", "failure_balance_transaction"},
        "price": {"tiers", "currency_options"},
        "coupon": {"currency_options"},
        "charge": set[str](),
    }
    inside = {"subscription": "subscription_item", "invoice": "line_item"}.get(feed.kind)
    known = {name for one in fixtures[feed.kind] for name in one} | {"__parentId"}
    if inside:
        lists = [one[feed.children or ""]["data"] for one in fixtures[feed.kind]]
        known |= {name for rows in lists for row in rows for name in row}
    assert set(feed.stream.record) - known <= only_sometimes.get(feed.kind, set())

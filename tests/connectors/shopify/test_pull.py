"""Repeated pulls of a shop: unchanged, interrupted, late or denied, and a replay of the landing zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.base import Account, Pulled
from connectors.errors import ConfigurationError, RetryError
from connectors.shopify.pull import pull
from connectors.shopify.streams import STREAMS
from connectors.sync.landing import LandedWindow
from connectors.sync.staging import Staging
from simulator import Fault, Faults, SimulatorServer, World, serve
from tests.connectors.shopify.pulling import END, Place, request_count, settings, small_world
from tests.sampling import sample

FIRST = END - timedelta(days=52)
Tables = dict[str, list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def world() -> World:
    return small_world(orders=1400)


@pytest.fixture(scope="module")
def by_bulk(world: World, tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place(tmp_path_factory.mktemp("bulk"))
    with serve(world) as server:
        place.pull(server)
    return place


@pytest.fixture(scope="module")
def by_steps(world: World, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The same shop pulled all along its life: every third day, and day by day towards the end."""
    place = Place(tmp_path_factory.mktemp("steps"))
    now = FIRST
    with serve(world, now=now) as server:
        place.pull(server)
        server.log.clear()
        while now < END:
            now = min(END, now + timedelta(days=1 if now >= END - timedelta(days=4) else 3))
            server.set_now(now)
            place.pull(server)
        assert request_count(server, "orders") > 15
        assert request_count(server, "bulk:orders") <= 2, "only for an order of 260 lines, which no page shows"
    return place


@pytest.fixture
def server(world: World) -> Iterator[SimulatorServer]:
    with serve(world, faults=Faults()) as server:
        yield server


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def alive(place: Place) -> Tables:
    """Staging without what the shop has deleted: a pull that began later never saw it.

    A line of a product that was deleted later keeps the ids it had when it was pulled; they are taken out here. So are
    a customer's count and sum of orders, which a deleted order lowers without touching the customer's updatedAt.
    """
    deletions = place.rows("select subject_type, subject_id from shopify.deletions")
    orders = {key for kind, key in deletions if kind == "ORDER"}
    products = {key for kind, key in deletions if kind == "PRODUCT"}
    variants = place.rows("select variant_id, product_id from shopify.variants")
    refunds = {row[0] for row in place.rows("select refund_id, order_id from shopify.refunds") if row[1] in orders}
    costs = {row[0] for row in variants if row[1] in products}
    lost = {"products": products, "variants": products, "refunds": refunds, "refund_lines": refunds,
            "refund_transactions": refunds, "variant_costs": costs}  # fmt: skip
    tables = place.tables()
    tables["order_lines"] = [
        (*row[:4], None, None, *row[6:]) if row[4] in products else row for row in tables["order_lines"]
    ]
    tables["customers"] = [(*row[:7], *row[9:]) for row in tables["customers"]]
    return {name: [row for row in rows if row[2] not in lost.get(name, orders)] for name, rows in tables.items()}


def test_daily_pulls_by_pages_give_the_same_rows_as_one_bulk_load(by_bulk: Place, by_steps: Place) -> None:
    stepped, whole = alive(by_steps), alive(by_bulk)
    assert stepped.keys() == whole.keys()
    for name in stepped.keys() - {"variant_costs"}:
        assert stepped[name] == whole[name], name
    assert len(whole["sales"]) > 200
    assert len(whole["refund_lines"]) > 10


def test_history_of_costs_ends_with_the_current_cost_and_has_each_change(world: World, by_steps: Place) -> None:
    newest = by_steps.rows(
        "select variant_id, unit_cost from shopify.variant_costs "
        "qualify row_number() over (partition by variant_id order by known_from desc) = 1 order by all"
    )
    today = by_steps.rows("select variant_id, unit_cost from shopify.variants order by all")
    assert newest == today
    end = END.timestamp()
    began = FIRST.timestamp()
    changes = sum(
        began < at <= end and at < product.deleted_at
        for product in world.history("aurora").products
        for variant in product.variants
        for at, _ in variant.costs[1:]
    )
    assert len(by_steps.rows("select * from shopify.variant_costs")) == len(today) + changes
    assert changes > 0


def test_deleted_orders_are_recorded_and_absent_from_a_later_bulk_load(by_bulk: Place, by_steps: Place) -> None:
    ids = "select order_id from shopify.orders intersect select subject_id from shopify.deletions"
    assert by_bulk.rows(ids) == []
    assert by_steps.rows(ids) != []


def test_repeated_pull_changes_no_row(server: SimulatorServer, place: Place) -> None:
    place.pull(server)
    before = place.tables(lineage=True)
    for run_id, minutes in (("again", 0), ("later", 1)):
        place.run_id = run_id
        server.set_now(END + timedelta(minutes=minutes))
        results = place.pull(server)
        assert {stream: pulled.changed for stream, pulled in results.items()} == dict.fromkeys(results, 0)
        assert place.tables(lineage=True) == before


def replayed(place: Place, into: Path) -> Place:
    """Load every sealed window of a landing zone into a new staging file, with no server in sight."""
    account = Account(place.tenant, "shopify", place.account, "http://127.0.0.1:9", "unused")
    fresh = Place(into, place.account, place.tenant)
    with Staging(fresh.staging) as staging:
        staging.prepare("shopify", STREAMS)
        for stream in STREAMS:
            for landed in place.landing.windows(account, stream.name):
                assert landed.manifest.sealed
                staging.load(account, stream, landed, "replay")
    return fresh


@pytest.mark.deep  # the conformance kit replays a smaller account
def test_staging_replayed_from_the_landing_zone_is_identical(by_steps: Place, tmp_path: Path) -> None:
    fresh = replayed(by_steps, tmp_path)
    assert fresh.tables() == by_steps.tables()
    assert fresh.cursors() == by_steps.cursors()


def test_two_pulls_at_the_same_instant_keep_the_landing_zone_complete(
    server: SimulatorServer, place: Place, tmp_path: Path
) -> None:
    place.pull(server)
    place.pull(server)
    assert replayed(place, tmp_path / "replayed").tables() == place.tables()


def test_pull_interrupted_between_landing_and_loading_loads_without_new_requests(
    by_bulk: Place, server: SimulatorServer, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Staging.load

    def fails_on_orders(self: Staging, account: Account, stream: Any, landed: LandedWindow, run_id: str) -> Any:
        if stream.name == "orders":
            raise KeyboardInterrupt
        return real(self, account, stream, landed, run_id)

    monkeypatch.setattr(Staging, "load", fails_on_orders)
    with pytest.raises(KeyboardInterrupt):
        place.pull(server)
    monkeypatch.undo()
    assert (request_count(server, "bulk:orders"), request_count(server, "bulk_file")) == (1, 1)
    place.pull(server)
    assert request_count(server, "bulk:orders") == 1
    assert place.tables() == by_bulk.tables()


@pytest.mark.parametrize("stream", sample([stream.name for stream in STREAMS], "orders"))
def test_pull_killed_at_any_stream_continues_there_and_gives_the_same_rows(
    stream: str, by_bulk: Place, server: SimulatorServer, place: Place
) -> None:
    account = place.known_as(server)
    with Staging(place.staging) as staging:
        steps = pull(replace(place, run_id="first").context(account, staging), settings(account))
        for results in steps:
            if results.stream == stream:
                break
        steps.close()  # type: ignore[attr-defined]
    place.pull(server)
    assert place.tables() == by_bulk.tables()


def test_part_half_written_by_a_killed_pull_is_overwritten(
    by_bulk: Place, server: SimulatorServer, place: Place
) -> None:
    server.faults.add(Fault("error", on="shopifyqlQuery", times=None))
    with pytest.raises(RetryError):
        place.pull(server)
    server.faults.clear()
    landed = place.landing.newest(place.known_as(server), "sales_totals")
    assert landed is not None
    (landed.folder / "part-00000.ndjson.zst.tmp").write_bytes(b"half")
    (landed.folder / "part-00000.ndjson.zst").write_bytes(b"written, but never recorded")
    place.pull(server)
    assert place.tables() == by_bulk.tables()


def test_wrong_token_is_named_and_leaves_no_state(server: SimulatorServer, place: Place) -> None:
    with pytest.raises(ConfigurationError, match="access token is not accepted") as caught:
        place.pull(server, token="shpat_mistyped")
    assert "shpat_mistyped" not in str(caught.value)
    assert place.cursors() == {}
    assert not (place.root / "landing").exists()


def test_all_missing_scopes_are_named_at_once_before_anything_is_pulled(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = world.shop("aurora")
    granted = tuple(scope for scope in shop.scopes if scope not in ("read_all_orders", "read_inventory"))
    monkeypatch.setattr(shop, "scopes", granted)
    place = Place(tmp_path)
    with (
        serve(world) as server,
        pytest.raises(ConfigurationError, match="lacks read_all_orders, read_inventory") as caught,
    ):
        place.pull(server)
    assert "60 days" in str(caught.value), "why it matters"
    assert "Grant them" in str(caught.value), "what to do"
    assert place.cursors() == {}


def test_order_has_shopifys_name_of_its_channel_and_whether_that_is_a_marketplace(by_bulk: Place) -> None:
    sql = "select source_name, channel_name, is_marketplace from shopify.orders group by all order by all"
    assert by_bulk.rows(sql) == [
        ("1424624", None, None),
        ("1630077", "Faire", True),
        ("pos", "Point of Sale", False),
        ("shopify_draft_order", None, None),
        ("tiktok", "TikTok", True),
        ("web", "Online Store", False),
    ]


def test_denied_fields_on_a_page_keep_the_rows_and_are_reported(server: SimulatorServer, place: Place) -> None:
    server.set_now(END - timedelta(days=1))
    place.pull(server)
    server.set_now(END)
    server.faults.add(Fault("denied", on="Order.email", times=None))
    server.faults.add(Fault("denied", on="ChannelDefinition.isMarketplace", times=None))
    results = place.pull(server)
    assert results["orders"].changed > 0
    marketplace = "orders.nodes.channelInformation.channelDefinition.isMarketplace"
    assert results["orders"].denied == (marketplace, "orders.nodes.email")


def test_shop_with_client_credentials_grant_is_pulled(by_bulk: Place, server: SimulatorServer, place: Place) -> None:
    account = place.known_as(server)
    server.faults.add(Fault("unauthorized", on="shopifyqlQuery"))  # a token that runs out in the middle
    with Staging(place.staging) as staging:
        results: list[Pulled] = list(pull(place.context(account, staging), settings(account, client_id="app-1")))
    assert len(results) == len(STREAMS)
    assert place.tables() == by_bulk.tables()


def test_shop_that_always_fails_does_not_change_rows_of_another_shop(world: World, tmp_path: Path) -> None:
    mine, other = Place(tmp_path, "aurora", "acme"), Place(tmp_path, "nordlicht", "rival")
    with serve(world, faults=Faults([Fault("error", on="orders", account="nordlicht", times=None)])) as server:
        server.set_now(END - timedelta(days=1))
        mine.pull(server)
        other.pull(server)
        before = mine.rows("select * from shopify.orders where tenant_id = 'acme' order by all")
        theirs = mine.rows("select * from shopify.orders where tenant_id = 'rival' order by all")
        server.set_now(END)
        with pytest.raises(RetryError):
            other.pull(server)
        assert mine.rows("select * from shopify.orders where tenant_id = 'acme' order by all") == before
        assert mine.rows("select * from shopify.orders where tenant_id = 'rival' order by all") == theirs
        mine.pull(server)
    assert mine.rows("select * from shopify.orders where tenant_id = 'rival' order by all") == theirs
    assert len(mine.rows("select * from shopify.orders where tenant_id = 'acme'")) > len(before)

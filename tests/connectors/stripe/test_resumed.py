"""Pulls that go on days after they stopped: what lands then is not taken for what was before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from connectors.errors import RetryError
from connectors.stripe.streams import STREAMS
from connectors.sync.staging import Staging
from simulator import Fault, Faults, SimulatorServer, World, serve
from simulator.scenarios.payments import payment_books
from tests.connectors.stripe.accounts import Place, differences, request_count, small_world

FIRST = datetime(2026, 3, 2, 13, 17, 23, tzinfo=UTC)


@pytest.fixture(scope="module")
def world() -> World:
    return small_world()


@pytest.fixture
def server(world: World) -> Iterator[SimulatorServer]:
    with serve(world, now=FIRST, faults=Faults()) as server:
        yield server


def stopped(server: SimulatorServer, place: Place, on: str, skip: int) -> None:
    """A pull that ends in the middle."""
    server.faults.add(Fault("error", on=on, times=None, skip=skip))
    with pytest.raises(RetryError):
        place.pull(server)
    server.faults.clear()


def test_a_comparison_that_goes_on_days_later_takes_nothing_new_for_deleted(
    server: SimulatorServer, place: Place, world: World
) -> None:
    """It stops where it compares the coupons, behind the look at the key and the stream itself."""
    place.pull(server)
    server.set_now(FIRST + timedelta(days=31))
    stopped(server, place, "stripe:coupons", skip=2)
    server.set_now(now := FIRST + timedelta(days=34))
    place.pull(server)
    books = payment_books(world, "aurora", now)
    assert any(one.created > (now - timedelta(days=3)).timestamp() for one in books.objects("invoice"))
    found = {row[0] for row in place.rows("select object_id from stripe.deletions where restored_at is null")}
    assert found <= set(books.deleted)
    assert differences(place, books) == {}


def test_what_was_taken_for_deleted_and_is_listed_is_taken_back(
    server: SimulatorServer, place: Place, world: World
) -> None:
    place.pull(server)
    with Staging(place.staging) as staging:
        staging.db.execute(
            "insert into stripe.deletions (tenant_id, source_account, object_type, object_id, deleted_at, found_by) "
            "select tenant_id, source_account, 'invoice', invoice_id, '2026-02-01', 'reconciliation' "
            "from stripe.invoices order by invoice_id limit 3"
        )
    server.set_now(now := FIRST + timedelta(days=31))
    place.pull(server)
    assert differences(place, payment_books(world, "aurora", now)) == {}
    restored = "select count(*) from stripe.deletions where found_by = 'reconciliation' and restored_at is not null"
    assert place.rows(restored) == [(3,)]


MARCH_20, MARCH_31, APRIL_9 = (
    datetime(2026, month, day, 23, 50, tzinfo=UTC) for month, day in ((3, 20), (3, 31), (4, 9))
)


def statuses_wrong_for_march(place: Place, world: World) -> list[tuple[str, str]]:
    """Subscriptions whose newest state seen until the end of March is not the books' of then."""
    rows = place.rows(
        "select subscription_id, status from stripe.subscriptions_history where seen_at < '2026-04-01' "
        "qualify row_number() over (partition by subscription_id order by seen_at desc) = 1"
    )
    seen = MARCH_31 - timedelta(seconds=60)
    then = {one["id"]: one["status"] for one in payment_books(world, "aurora", seen).states("subscription")}
    earlier = payment_books(world, "aurora", MARCH_20 - timedelta(seconds=60)).states("subscription")
    before = {one["id"]: one["status"] for one in earlier}
    return [(key, status) for key, status in rows if status not in (then.get(key), before.get(key))]


@pytest.mark.parametrize("skip", [1, 2])
def test_a_look_that_goes_on_in_april_says_nothing_of_march(
    server: SimulatorServer, place: Place, world: World, skip: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stops before the first page of subscriptions, or behind it."""
    monkeypatch.setattr("connectors.stripe.pages.PAGE", 40)
    server.set_now(MARCH_20)
    place.pull(server)
    server.set_now(MARCH_31)
    stopped(server, place, "stripe:subscriptions", skip)
    server.set_now(APRIL_9)
    place.pull(server)
    assert statuses_wrong_for_march(place, world) == []
    april = place.rows("select count(*) from stripe.subscriptions_history where seen_at >= '2026-04-01'")
    assert april[0][0] > 5
    again = Place(place.root / "again")
    with Staging(again.staging) as staging:
        staging.prepare("stripe", STREAMS)
        for stream in STREAMS:
            for landed in place.landing.windows(place.known_as(server), stream.name):
                staging.load(place.known_as(server), stream, landed, "replay")
    sql = "select subscription_id, seen_at, status, items from stripe.subscriptions_history order by all"
    assert again.rows(sql) == place.rows(sql)


def test_where_much_has_changed_the_whole_list_is_read_instead(
    server: SimulatorServer, place: Place, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.stripe.listing.FEW", 5)
    place.pull(server)
    server.set_now(now := FIRST + timedelta(days=20))
    server.log.clear()
    place.pull(server)
    assert request_count(server, "charges", "object") == request_count(server, "customers", "object") == 0
    assert differences(place, payment_books(world, "aurora", now)) == {}


@pytest.mark.parametrize("what", ["refund.failed", "charge.dispute.created"])
def test_what_happens_to_a_charge_is_seen_though_no_event_names_it(place: Place, world: World, what: str) -> None:
    """An old charge, a window of two hours: no sweep reaches it, and the event is of its refund or dispute."""
    told = payment_books(world, "aurora", APRIL_9).events
    at = next(
        datetime.fromtimestamp(one.at, UTC)
        for one in told
        if one.type == what and datetime.fromtimestamp(one.at, UTC).weekday() in (2, 3)
    )
    with serve(world, now=at - timedelta(hours=1)) as server:
        place.pull(server)
        server.set_now(at + timedelta(hours=1))
        place.pull(server)
    assert differences(place, payment_books(world, "aurora", at + timedelta(hours=1))) == {}


def test_many_pages_land_in_one_part(server: SimulatorServer, place: Place) -> None:
    """A part and a manifest for each hundred records would be ten thousand files for a million charges."""
    place.pull(server)
    landed = place.landing.newest(place.known_as(server), "events")
    assert landed is not None
    assert landed.manifest.written > 200
    assert len(landed.manifest.parts) == 1


def test_a_part_is_written_before_it_grows_too_large(
    server: SimulatorServer, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.stripe.pages.RECORDS_PER_PART", 200)
    place.pull(server)
    landed = place.landing.newest(place.known_as(server), "events")
    assert landed is not None
    assert len(landed.manifest.parts) == -(-landed.manifest.written // 200)

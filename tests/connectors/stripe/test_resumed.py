"""Pulls that are resumed days after they stopped: what lands then does not count for the time before."""

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


def pull_until_error(server: SimulatorServer, place: Place, on: str, skip: int) -> None:
    """A pull that fails after ``skip`` requests for the resource ``on``."""
    server.faults.add(Fault("error", on=on, times=None, skip=skip))
    with pytest.raises(RetryError):
        place.pull(server)
    server.faults.clear()


def test_reconciliation_resumed_days_later_does_not_count_new_objects_as_deleted(
    server: SimulatorServer, place: Place, world: World
) -> None:
    """It stops in the reconciliation of coupons, after the check of the key and the stream of coupons."""
    place.pull(server)
    server.set_now(FIRST + timedelta(days=31))
    pull_until_error(server, place, "stripe:coupons", skip=2)
    server.set_now(now := FIRST + timedelta(days=34))
    place.pull(server)
    books = payment_books(world, "aurora", now)
    assert any(one.created > (now - timedelta(days=3)).timestamp() for one in books.objects("invoice"))
    deleted_ids = {row[0] for row in place.rows("select object_id from stripe.deletions where restored_at is null")}
    assert deleted_ids <= set(books.deleted)
    assert differences(place, books) == {}


def test_listed_objects_that_were_recorded_as_deleted_are_restored(
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
    """(id, status) of subscriptions whose newest state in March is not that of the books."""
    rows = place.rows(
        "select subscription_id, status from stripe.subscriptions_history where seen_at < '2026-04-01' "
        "qualify row_number() over (partition by subscription_id order by seen_at desc) = 1"
    )
    read_at = MARCH_31 - timedelta(seconds=60)
    then = {one["id"]: one["status"] for one in payment_books(world, "aurora", read_at).states("subscription")}
    earlier = payment_books(world, "aurora", MARCH_20 - timedelta(seconds=60)).states("subscription")
    before = {one["id"]: one["status"] for one in earlier}
    return [(key, status) for key, status in rows if status not in (then.get(key), before.get(key))]


@pytest.mark.parametrize("skip", [1, pytest.param(2, marks=pytest.mark.deep)])
def test_pull_resumed_in_april_does_not_change_march_statuses(
    server: SimulatorServer, place: Place, world: World, skip: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stops before the first page of subscriptions, or after it."""
    monkeypatch.setattr("connectors.stripe.pages.PAGE", 40)
    server.set_now(MARCH_20)
    place.pull(server)
    server.set_now(MARCH_31)
    pull_until_error(server, place, "stripe:subscriptions", skip)
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


def test_whole_list_is_read_when_many_objects_changed(
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
def test_charge_is_updated_by_events_of_its_refund_or_dispute(place: Place, world: World, what: str) -> None:
    """No sweep reaches an old charge in a window of two hours, and the event is of its refund or dispute."""
    events = payment_books(world, "aurora", APRIL_9).events
    at = next(
        datetime.fromtimestamp(one.at, UTC)
        for one in events
        if one.type == what and datetime.fromtimestamp(one.at, UTC).weekday() in (2, 3)
    )
    with serve(world, now=at - timedelta(hours=1)) as server:
        place.pull(server)
        server.set_now(at + timedelta(hours=1))
        place.pull(server)
    assert differences(place, payment_books(world, "aurora", at + timedelta(hours=1))) == {}


def test_many_pages_land_in_one_part(server: SimulatorServer, place: Place) -> None:
    """One part per page of 100 records would be ten thousand files for a million charges."""
    place.pull(server)
    landed = place.landing.newest(place.known_as(server), "events")
    assert landed is not None
    assert landed.manifest.written > 200
    assert len(landed.manifest.parts) == 1


def test_landing_part_is_limited_in_records(
    server: SimulatorServer, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.sync.parts.RECORDS_PER_WRITE", 100)
    monkeypatch.setattr("connectors.sync.parts.RECORDS_PER_PART", 200)
    place.pull(server)
    landed = place.landing.newest(place.known_as(server), "events")
    assert landed is not None
    assert len(landed.manifest.parts) == -(-landed.manifest.written // 200)

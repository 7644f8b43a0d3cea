"""An account pulled at many instants: staging equals its books, in one pull or in many."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import requests
import zstandard

from connectors.errors import ConfigurationError, ContractError, RetryError
from connectors.stripe.streams import STREAMS
from connectors.sync.staging import Staging
from simulator import Fault, Faults, SimulatorServer, World, serve
from simulator.books import Shop, simulated_token
from simulator.history import ShopHistory
from simulator.scenarios.payments import PaymentBooks, payment_books, secret_key
from tests.connectors.stripe.accounts import Place, differences, request_count, small_world
from tests.sampling import sample

FIRST = datetime(2026, 3, 2, 13, 17, 23, tzinfo=UTC)
SECOND, THIRD = datetime(2026, 3, 28, 13, 17, 23, tzinfo=UTC), datetime(2026, 4, 21, 13, 17, 23, tzinfo=UTC)
FEW_STEPS = [FIRST + timedelta(days=9), FIRST + timedelta(days=18), SECOND, SECOND + timedelta(days=14), THIRD]
STEPS = [FIRST + timedelta(days=3 * step) for step in range(1, 9)] + [
    SECOND, datetime(2026, 4, 2, 13, 17, 23, tzinfo=UTC), datetime(2026, 4, 11, 13, 17, 23, tzinfo=UTC), THIRD,
]  # fmt: skip


@pytest.fixture(scope="module")
def world() -> World:
    return small_world()


@pytest.fixture
def server(world: World) -> Iterator[SimulatorServer]:
    with serve(world, now=FIRST, faults=Faults()) as server:
        yield server


@pytest.fixture(scope="module")
def whole(world: World, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """One pull at the first instant, without failures."""
    place = Place(tmp_path_factory.mktemp("whole"))
    with serve(world, now=FIRST) as server:
        place.pull(server)
    return place


@pytest.fixture(scope="module", params=sample([FEW_STEPS, STEPS], FEW_STEPS), ids=len)
def after_many_pulls(
    world: World, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> tuple[Place, dict[datetime, object]]:
    """A pull at the first instant and at each step, with the differences from the books at three of them."""
    place, results = Place(tmp_path_factory.mktemp("walked")), dict[datetime, object]()
    with serve(world, now=FIRST) as server:
        for now in (FIRST, *request.param):
            server.set_now(now)
            place.run_id = f"run {now:%m-%d}"
            place.pull(server)
            if now in (FIRST, SECOND, THIRD):
                results[now] = differences(place, payment_books(world, "aurora", now))
    return place, results


def between(world: World, since: datetime, until: datetime) -> tuple[PaymentBooks, set[str]]:
    """The books at the end, and the types of the events in between."""
    books = payment_books(world, "aurora", until)
    return books, {one.type for one in books.events if one.at > since.timestamp()}


@pytest.mark.parametrize("now", [FIRST, SECOND, THIRD])
def test_staging_equals_the_books_after_each_step(
    after_many_pulls: tuple[Place, dict[datetime, object]], now: datetime
) -> None:
    assert after_many_pulls[1][now] == {}


def test_staging_of_a_euro_account_equals_the_books(world: World, tmp_path: Path) -> None:
    place = Place(tmp_path, account="nordlicht")
    with serve(world, now=THIRD) as server:
        place.pull(server)
    assert differences(place, payment_books(world, "nordlicht", THIRD)) == {}
    assert place.rows("select distinct currency from stripe.balance_transactions") == [("EUR",)]


def test_cash_movements_in_staging_add_up_to_the_balance(
    world: World, after_many_pulls: tuple[Place, dict[datetime, object]]
) -> None:
    """received - refunded - disputes - fees - payouts + other, from the typed rows."""
    books = payment_books(world, "aurora", THIRD)
    ((received, refunded, disputes, fees, payouts, other),) = after_many_pulls[0].rows("""
        select
            sum(amount) filter (type in ('charge', 'payment')),
            -sum(amount) filter (type in ('refund', 'refund_failure')),
            -sum(amount) filter (reporting_category in ('dispute', 'dispute_reversal')),
            sum(fee) - coalesce(sum(amount) filter (type = 'stripe_fee'), 0),
            -sum(amount) filter (type in ('payout', 'payout_failure')),
            sum(amount) filter (type = 'adjustment' and reporting_category = 'other_adjustment')
        from stripe.balance_transactions""")
    assert received - refunded - disputes - fees - payouts + other == books.balance
    cash = books.cash()
    assert (received, refunded, disputes) == (cash.received, cash.refunded, cash.disputes)
    assert (fees, payouts, other) == (cash.fees, cash.payouts, cash.other)


def test_steps_cover_refunds_disputes_deletions_and_returning_subscribers(world: World) -> None:
    books, event_types = between(world, FIRST, THIRD)
    assert {"refund.failed", "charge.dispute.created", "customer.deleted", "payout.failed", "invoice.deleted",
            "customer.subscription.deleted", "customer.subscription.updated"} <= event_types  # fmt: skip
    since, of = FIRST.timestamp(), {one["id"]: one["created"] for one in books.states("charge")}
    refunds = [one for one in books.states("refund") if one["created"] > since]
    assert any(one["created"] - of[one["charge"]] > 25 * 86_400 for one in refunds), "a late refund"
    assert any(one.id.endswith("s2") and one.created > since for one in books.objects("subscription")), (
        "a subscriber returned"
    )
    silent = [one for one in books.objects("refund") if one.created > since and one.changes[0].event is None]
    assert silent, "a refund without an event"


def test_deletions_are_recorded_with_their_time(
    world: World, after_many_pulls: tuple[Place, dict[datetime, object]]
) -> None:
    results = after_many_pulls[0].rows(
        "select object_type, object_id, epoch(deleted_at)::bigint, found_by from stripe.deletions"
    )
    books = payment_books(world, "aurora", THIRD)
    since = FIRST.timestamp() - 30 * 86_400
    assert sorted(results) == sorted(
        (one.kind, one.id, one.deleted_at, "event") for one in books.deleted.values() if one.deleted_at > since
    )
    assert results


def test_one_pull_and_many_steps_give_the_same_tables(
    world: World, after_many_pulls: tuple[Place, dict[datetime, object]], place: Place
) -> None:
    with serve(world, now=THIRD) as server:
        place.pull(server)
    whole = place.tables()
    deleted_ids = {row[0] for row in after_many_pulls[0].rows("select object_id from stripe.deletions")}
    for name, rows in after_many_pulls[0].tables().items():
        if name not in ("events", "deletions"):
            assert [row for row in rows if not deleted_ids & set(row[2:3])] == whole[name], name


def test_only_changed_rows_are_written_again(
    after_many_pulls: tuple[Place, dict[datetime, object]], request: pytest.FixtureRequest
) -> None:
    pulls = 1 + len(request.node.callspec.params["after_many_pulls"])
    runs = dict(after_many_pulls[0].rows("select run_id, count(*) from stripe.charges group by all"))
    assert len(runs) > 0.65 * pulls
    assert runs["run 03-02"] > 0.5 * sum(runs.values())
    coupons = dict(after_many_pulls[0].rows("select run_id, count(*) from stripe.coupons group by all"))
    assert set(coupons) == {"run 03-02"}


def test_increment_retrieves_each_changed_object_once(server: SimulatorServer, place: Place, world: World) -> None:
    place.pull(server)
    now = FIRST + timedelta(days=1)
    server.set_now(now)
    server.log.clear()
    place.pull(server)
    books = payment_books(world, "aurora", now)
    changed = {one.subject.id for one in books.events if one.at > FIRST.timestamp() - 3660}
    changed |= {one["charge"] for one in books.states("refund") if one["created"] > FIRST.timestamp() - 60}
    fetched = [request.parameters["id"] for request in server.log if "stripe:object" in request.resources]
    whose = fetched.pop(0)
    assert whose.startswith("txn_"), "the check of the key reads an object of this account"
    assert set(fetched) <= changed
    assert len(fetched) == len(set(fetched)), "each object once"


def test_repeated_pull_changes_nothing(server: SimulatorServer, place: Place) -> None:
    place.pull(server)
    before = place.tables(lineage=True)
    place.run_id = "again"
    assert all((pulls_so_far.landed, pulls_so_far.changed) == (0, 0) for pulls_so_far in place.pull(server).values())
    server.set_now(FIRST + timedelta(seconds=70))
    assert all(pulls_so_far.changed == 0 for pulls_so_far in place.pull(server).values())
    assert place.tables(lineage=True) == before


@pytest.mark.parametrize("resource", sample(["charges", "invoices", "events"], "charges"))
def test_interrupted_first_load_resumes_where_it_stopped(
    server: SimulatorServer, place: Place, whole: Place, resource: str
) -> None:
    server.faults.add(Fault("error", on=f"stripe:{resource}", times=None, skip=3))
    with pytest.raises(RetryError, match="What has arrived is kept"):
        place.pull(server)
    server.faults.clear()
    server.log.clear()
    place.pull(server)
    lists = {f"stripe:{resource}", "stripe:list"}
    pages = [request.parameters for request in server.log if lists <= set(request.resources)]
    assert "starting_after" in pages[1], "after the check of the key, the first page is not requested again"
    assert place.tables() == whole.tables()


def test_interrupted_increment_resumes_where_it_stopped(server: SimulatorServer, place: Place, world: World) -> None:
    place.pull(server)
    server.set_now(now := FIRST + timedelta(days=20))
    server.faults.add(Fault("error", on="stripe:object", times=None, skip=60))
    with pytest.raises(RetryError):
        place.pull(server)
    fetched = [request for request in server.log if "stripe:object" in request.resources]
    first = {request.parameters["id"] for request in fetched if request.status == 200}
    server.faults.clear()
    server.log.clear()
    place.pull(server)
    again = {request.parameters["id"] for request in server.log if "stripe:object" in request.resources}
    assert len(first & again) < 50, "only objects that had not been written"
    assert differences(place, payment_books(world, "aurora", now)) == {}


def test_pull_after_event_expiry_reads_all_lists_and_finds_deletions(
    server: SimulatorServer, place: Place, world: World
) -> None:
    place.pull(server)
    now = FIRST + timedelta(days=75)
    server.set_now(now)
    server.log.clear()
    place.pull(server)
    assert request_count(server, "charges", "object") == 0, "lists only, no single objects"
    books = payment_books(world, "aurora", now)
    assert differences(place, books) == {}
    results = dict(place.rows("select object_id, found_by from stripe.deletions where deleted_at > ?",
                            [FIRST.replace(tzinfo=None)]))  # fmt: skip
    deleted_ids = {one.id: one for one in books.deleted.values() if FIRST.timestamp() < one.deleted_at}
    known_before = {key for key, one in deleted_ids.items() if one.created <= FIRST.timestamp()}
    aged = {key for key in known_before if deleted_ids[key].deleted_at < now.timestamp() - 30 * 86_400}
    assert aged
    assert {key for key, how in results.items() if how == "reconciliation"} == aged
    assert {key for key, how in results.items() if how == "event"} <= set(deleted_ids) - aged


@pytest.mark.deep  # the conformance kit replays a smaller account
def test_replay_of_the_landing_zone_gives_the_same_tables(
    after_many_pulls: tuple[Place, dict[datetime, object]], server: SimulatorServer, tmp_path: Path
) -> None:
    place, account = after_many_pulls[0], after_many_pulls[0].known_as(server)
    rebuilt = Place(tmp_path)
    with Staging(rebuilt.staging) as staging:
        staging.prepare("stripe", STREAMS)
        for stream in STREAMS:
            for landed in place.landing.windows(account, stream.name):
                staging.load(account, stream, landed, "replay")
    assert rebuilt.tables() == place.tables()


def test_landing_zone_has_no_secret(place: Place, server: SimulatorServer) -> None:
    place.pull(server)
    paths = [path for path in place.root.rglob("*") if path.is_file() and path.suffix != ".duckdb"]
    parts = [path for path in paths if path.suffix == ".zst"]
    assert len(parts) > 10
    unpacked = [zstandard.ZstdDecompressor().decompressobj().decompress(path.read_bytes()) for path in parts]
    assert all(one.startswith(b"{") for one in unpacked)
    assert not any(secret_key("aurora").encode() in one for one in [*unpacked, *(path.read_bytes() for path in paths)])


def test_landed_records_are_the_bytes_of_the_response(place: Place, server: SimulatorServer) -> None:
    """Each record is a line with the bytes of the response."""
    place.pull(server)
    headers = {"Authorization": f"Bearer {secret_key('aurora')}"}
    answer = requests.get(f"{server.base_url('aurora', 'stripe')}/v1/charges?limit=100", headers=headers, timeout=20)
    landed = place.landing.newest(place.known_as(server), "charges")
    assert landed is not None
    text = zstandard.ZstdDecompressor().decompressobj().decompress(landed.paths[0].read_bytes())
    received = answer.content.replace(b"\n", b"")
    assert all(line in received for line in text.splitlines()[:100])
    assert text.count(b"\n") == landed.manifest.written > 100


DIGITS = {"JPY": 0, "KWD": 3}
RATE_IS_ROUNDED_AT = Decimal("0.000001")


def test_payment_in_a_foreign_currency_keeps_its_currency_and_rate(
    after_many_pulls: tuple[Place, dict[datetime, object]],
) -> None:
    """The charged amount times its rate is the settled amount, up to the rounding of both and of the rate."""
    rows = after_many_pulls[0].rows(
        "select c.currency, c.amount, b.currency, b.amount, b.exchange_rate from stripe.charges as c "
        "join stripe.balance_transactions as b using (balance_transaction_id) where c.currency <> b.currency"
    )
    assert {row[0] for row in rows} >= {"GBP", "JPY", "KWD"}
    for currency, amount, settled_in, settled, rate in rows:
        own = Decimal(10) ** (2 - DIGITS.get(currency, 2))  # cents per minor unit, before the rate
        assert settled_in == "USD"
        off = abs(amount * rate * own - settled)
        assert off <= Decimal("0.5") * (1 + rate * own) + amount * own * RATE_IS_ROUNDED_AT / 2, (currency, amount)


# --- bad input


def test_wrong_key_raises_one_configuration_error_without_the_key(server: SimulatorServer, place: Place) -> None:
    with pytest.raises(
        ConfigurationError, match=r"aurora of tenant acme cannot be read: its key is not accepted"
    ) as caught:
        place.pull(server, secret="rk_live_wrong_one")
    assert "rk_live_wrong_one" not in str(caught.value)
    assert len(server.log) == 1


def test_expired_key_raises_configuration_error(server: SimulatorServer, place: Place) -> None:
    server.faults.add(Fault("unauthorized", on="stripe"))
    with pytest.raises(ConfigurationError, match="its key has expired"):
        place.pull(server)


def test_test_mode_key_is_refused_before_any_request_unless_configured(server: SimulatorServer, place: Place) -> None:
    with pytest.raises(ConfigurationError, match=r"test-mode key, whose payments are not real money.*test_mode = true"):
        place.pull(server, secret="rk_test_1")
    assert server.log == []
    with pytest.raises(ConfigurationError, match="its key is not accepted"):
        place.pull(server, secret="rk_test_1", test_mode=True)
    with pytest.raises(ConfigurationError, match="the key is a live key"):
        place.pull(server, secret="rk_live_1", test_mode=True)


def test_key_of_another_account_is_refused_and_tables_stay_the_same(server: SimulatorServer, place: Place) -> None:
    place.pull(server)
    before = place.tables()
    other = server.base_url("nordlicht", "stripe")
    with pytest.raises(ConfigurationError, match="the key belongs to another account than the one pulled until now"):
        place.pull(server, secret=secret_key("nordlicht"), base_url=other)
    assert place.tables() == before
    place.pull(server)


def test_all_missing_permissions_are_in_one_error_before_anything_lands(server: SimulatorServer, place: Place) -> None:
    for resource in ("refunds", "events"):
        server.faults.add(Fault("denied", on=f"stripe:{resource}", times=None))
    with pytest.raises(ConfigurationError, match="lacks rak_event_read, rak_refund_read"):
        place.pull(server)
    assert not place.landing.root.exists()


def test_unsupported_api_version_error_says_to_update_takings(
    server: SimulatorServer, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors.stripe.client.VERSION", "2020-08-27")
    with pytest.raises(ContractError, match="Update Takings"):
        place.pull(server)


def test_wrong_account_in_the_url_raises_configuration_error(server: SimulatorServer, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Check `account` and `base_url`"):
        Place(tmp_path, account="nobody").pull(server)


def test_empty_account_gives_empty_tables_and_cursors(tmp_path: Path) -> None:
    shop = Shop("empty", "Empty", "UTC", "EUR", taxes_included=True, token=simulated_token("empty"))
    place = Place(tmp_path, account="empty")
    with serve(World([ShopHistory(shop)], FIRST)) as server:
        pulls_so_far = place.pull(server)
        assert all(each.landed == 0 for each in pulls_so_far.values())
        server.set_now(FIRST + timedelta(days=40))
        place.pull(server)
    assert all(rows == [] for rows in place.tables().values())
    assert len(place.rows("select * from takings.cursors")) == len(STREAMS)


FAULTS = [
    Fault("too_many", on="stripe:charges", times=2, skip=2, seconds=7),
    Fault("lock_timeout", on="stripe:invoices", times=3, skip=1),
    Fault("error", on="stripe:refunds", times=2, skip=1),
    Fault("cut", on="stripe:charges", times=2, skip=3),
    Fault("truncated", on="stripe:balance_transactions", times=2, skip=2),
    Fault("lost_cursor", on="stripe:balance_transactions", times=2),
]
AGAIN = [Fault("error", on="stripe:refunds", times=1, status=503), Fault("lost_cursor", on="stripe:events", times=1)]


@pytest.mark.parametrize(
    "fault",
    sample(FAULTS + AGAIN, *FAULTS),
    ids=lambda fault: f"{fault.kind} {fault.on} {fault.status}",
)
def test_temporary_failures_do_not_change_the_tables(
    server: SimulatorServer, place: Place, whole: Place, fault: Fault
) -> None:
    fault = Fault(fault.kind, fault.on, fault.times, skip=fault.skip, seconds=fault.seconds, status=fault.status)
    server.faults.add(fault)
    place.pull(server)
    assert server.faults.pending == []
    assert place.tables() == whole.tables()
    if fault.kind == "too_many":
        assert place.waits.count(7.0) == 2, "waits as long as Retry-After says"

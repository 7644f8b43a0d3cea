"""Bad input of each source in a run: one clear message, no row lost, no incomplete build published."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest

from connectors.errors import ConfigurationError, RetryError, TakingsError
from connectors.http import Transport
from orchestration import alerts, pipeline
from simulator import Fault, SimulatorServer, World, demo_world, serve
from simulator.books import Shop
from simulator.history import ShopHistory
from tests.oracle.facts import counted_orders
from tests.orchestration.installation import Installation
from tests.sampling import sample

pytestmark = pytest.mark.worlds
START, NOW = date(2026, 1, 20), datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
KINDS = ("shopify", "stripe", "meta_ads", "tiktok_ads", "files")
WIRED = KINDS[:-1]
DEEP = {  # a request in the middle of each pull
    "shopify": "bulk:customers",
    "stripe": "stripe:subscriptions",
    "meta_ads": "meta:insights",
    "tiktok_ads": "tiktok:report/integrated/get",
}


@pytest.fixture(scope="module")
def world() -> World:
    return demo_world(seed=3, start=START, end=NOW, orders=120)


@pytest.fixture
def server(world: World) -> Iterator[SimulatorServer]:
    with serve(world) as running_server:
        yield running_server


@pytest.fixture(autouse=True, scope="module")
def _no_pauses() -> Iterator[None]:
    """Waiting is tested in the connectors."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Transport, "wait", lambda self, seconds: None)
        yield


@pytest.fixture(scope="module")
def undisturbed(world: World, _no_pauses: None, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The same shop, synced, built and published from sources without a fault; only to be read."""
    installation = Installation(tmp_path_factory.mktemp("undisturbed"))
    with serve(world) as server:
        installation.configure(server, kinds=KINDS, shops=["aurora"])
        installation.run()
    return installation


@pytest.fixture
def place(tmp_path: Path, server: SimulatorServer) -> Installation:
    installation = Installation(tmp_path)
    installation.configure(server, kinds=KINDS, shops=["aurora"])
    return installation


def one_message(error: TakingsError, *words: str) -> None:
    message = str(error)
    assert "simulated_" not in message, "a secret"
    assert "Traceback" not in message
    for word in words:
        assert word in message, message


def staged(place: Installation) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every staging table of these sources, without its run and landed part."""
    if not place.home.staging.exists():
        return {}
    with duckdb.connect(str(place.home.staging), read_only=True) as db:
        listed = db.execute(
            "select schema_name, table_name from duckdb_tables() where list_contains(?, schema_name) order by all",
            [KINDS],
        ).fetchall()
        return {
            f"{schema}.{table}": db.execute(
                f"select * exclude (run_id, landing_part) from {schema}.{table} order by all"
            ).fetchall()
            for schema, table in listed
            if table != "files_read"  # by the time that the disk gives a file
        }


@pytest.mark.parametrize("source", sample(WIRED, "stripe"))
def test_wrong_token_message_names_account_and_setting(
    source: str, place: Installation, server: SimulatorServer
) -> None:
    place.configure(server, kinds=[source], shops=["aurora"])
    token = "aurora.token" if source == "shopify" else f"aurora.{source}.token"
    (place.root / token).write_text("wrong")
    failure = place.failure()
    assert isinstance(failure, ConfigurationError)
    one_message(failure, "secret")
    assert "accepted" in str(failure) or "refused" in str(failure)


def revoked(source: str) -> Fault:
    """A permission that is revoked after the first requests of a kind."""
    if source == "meta_ads":
        return Fault("api_error", on=DEEP[source], times=None, code=200, status=403, message="(#200) no", skip=1)
    if source == "tiktok_ads":
        return Fault("api_error", on=DEEP[source], times=None, code=40001, message="no permission", skip=1)
    if source == "stripe":
        return Fault("denied", on=DEEP[source], times=None)
    return Fault("unauthorized", on=DEEP[source], times=None)


@pytest.mark.parametrize("source", sample(WIRED, "shopify"))
def test_permission_revoked_during_a_pull_keeps_loaded_rows_and_the_next_pull_resumes(
    source: str, place: Installation, server: SimulatorServer, undisturbed: Installation
) -> None:
    server.faults.add(revoked(source))
    failure = place.failure()
    assert isinstance(failure, ConfigurationError)
    one_message(failure, "run again" if source != "shopify" else "token")
    server.faults.clear()
    pipeline.pull_all(place.settings)
    assert staged(place) == staged(undisturbed)


@pytest.mark.parametrize("source", sample(WIRED, "meta_ads"))
def test_source_that_always_answers_500_ends_with_one_message_and_the_other_sources_are_complete(
    source: str, place: Installation, server: SimulatorServer, undisturbed: Installation
) -> None:
    server.faults.add(Fault("error", on=DEEP[source], status=500, times=None))
    failure = place.failure()
    assert isinstance(failure, RetryError)
    one_message(failure, "What has arrived is kept")
    ours, theirs = (
        {name: rows for name, rows in staged(installation).items() if not name.startswith(source)}
        for installation in (place, undisturbed)
    )
    assert ours == theirs


@pytest.mark.parametrize(
    ("source", "fault", "words"),
    [
        pytest.param(
            "meta_ads",
            Fault("api_error", on="meta:account", code=2635, message="old version"),
            "no longer serves",
            marks=pytest.mark.deep,
        ),
        ("tiktok_ads", Fault("api_error", on="tiktok:advertiser/info", code=40006, message="v1.3"), "no longer serves"),
    ],
)
def test_retired_api_version_asks_for_an_update(
    source: str, fault: Fault, words: str, place: Installation, server: SimulatorServer
) -> None:
    place.configure(server, kinds=[source], shops=["aurora"])
    server.faults.add(fault)
    failure = place.failure()
    assert isinstance(failure, ConfigurationError)
    one_message(failure, words, "Update Takings")


def test_empty_accounts_publish_an_empty_build_and_no_alert(tmp_path: Path) -> None:
    shop = Shop("empty", "Empty", "UTC", "EUR", taxes_included=True, token="shpat_simulated_empty")
    empty = World([ShopHistory(shop)], NOW)
    from simulator.scenarios.ads.accounts import ad_accounts

    empty.ads = ad_accounts([empty.history("empty")], 1, NOW.date() + timedelta(days=400))
    place = Installation(tmp_path)
    (tmp_path / "files" / "empty").mkdir(parents=True)
    with serve(empty, now=NOW) as server:
        place.configure(server, kinds=WIRED)
        with (tmp_path / "takings.toml").open("a") as file:
            file.write('[[tenants.sources]]\nkind = "files"\naccount = "empty"\npath = "files/empty"\n')
        result = place.run()
    assert {source for _, source, _ in result.pulled} == set(KINDS)
    counted = {name: len(rows) for name, rows in staged(place).items() if rows}
    assert set(counted) <= {"shopify.shop", "meta_ads.account", "tiktok_ads.advertiser", "shopify.locations"}, counted
    assert not {name for name, rows in place.marts().items() if rows} - {"alerts", "build_info", "kpis", "time_spine"}
    assert place.ask("select distinct value from marts.kpis") == [(None,)]
    quiet = ("No alert rule could be checked", "no source has brought a number that a rule looks at")
    assert place.ask("select title, numbers from marts.alerts") == [quiet]
    assert [alert.state for alert in alerts.evaluate_tenants(place.settings)] == []


def test_empty_source_does_not_change_numbers_of_other_sources(
    undisturbed: Installation, server: SimulatorServer, tmp_path: Path
) -> None:
    other = Installation(tmp_path / "other")
    other.configure(server, kinds=[kind for kind in KINDS if kind != "files"], shops=["aurora"])
    (other.root / "files" / "aurora").mkdir(parents=True)
    with (other.root / "takings.toml").open("a") as file:
        file.write('[[tenants.sources]]\nkind = "files"\naccount = "aurora"\npath = "files/aurora"\n')
    other.run()
    ours, theirs = undisturbed.marts(), other.marts()
    for name in ("orders", "revenue", "spend", "cash", "customer_mrr", "reconciliation"):
        assert theirs[name] == ours[name] != []
    assert theirs["events"] == []


def test_broken_lines_of_an_events_file_are_rejected_and_counted_and_the_rest_is_published(
    place: Installation, server: SimulatorServer
) -> None:
    place.configure(server, kinds=["files"], shops=["aurora"])
    newest = max((place.root / "files" / "aurora" / "events").glob("*.jsonl.gz"))
    with gzip.open(newest, "ab") as file:
        file.write(b'{"event_id": "torn", "occurred_at": "2026-0\n{"event_id": "b", "event_name": "page_view"}\n')
    result = place.run()
    assert result.built
    assert [warning for warning in result.built.warnings if "no_event_was_rejected" in warning] == [
        "no_event_was_rejected: 2 rows"
    ]
    rejected = [pulled.rejected for pulled in result.pulled["aurora", "files", "aurora"] if pulled.stream == "events"]
    assert rejected == [2]
    with_them = place.marts()
    lines = gzip.decompress(newest.read_bytes()).splitlines(keepends=True)
    newest.write_bytes(gzip.compress(b"".join(lines[:-2])))
    mended = place.run()
    assert mended.built
    assert not [warning for warning in mended.built.warnings if "no_event_was_rejected" in warning]
    without = place.marts()
    assert with_them["events"] == without["events"] != []
    assert with_them["metrics_daily"] == without["metrics_daily"]


def test_shop_in_another_time_zone_counts_by_days_of_its_tenant(
    place: Installation, server: SimulatorServer, world: World
) -> None:
    place.configure(server, kinds=["shopify"], shops=["aurora"])
    path = place.root / "takings.toml"
    path.write_text(path.read_text().replace('time_zone = "America/New_York"', 'time_zone = "Asia/Tokyo"'))
    place.run()
    orders = [each.order for each in counted_orders(world.books("aurora", NOW))]
    tokyo, there = (
        Counter(datetime.fromtimestamp(order.processed_at, UTC).astimezone(ZoneInfo(zone)).date() for order in orders)
        for zone in ("Asia/Tokyo", "America/New_York")
    )
    rows = place.ask(
        "select date_day, sum(orders_placed) from marts.metrics_daily group by all having sum(orders_placed) > 0"
    )
    assert dict(rows) == tokyo != there
    ((days, differing),) = place.ask(
        "select count(distinct date_day), count(*) filter (where difference_minor <> 0) from marts.reconciliation "
        "where source = 'shopify'"
    )
    assert days > 20
    assert differing == 0

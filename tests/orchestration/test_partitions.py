"""Ad reports in Dagster are partitioned by day; a backfill of a range is one run that reads only these days again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from orchestration import pipeline
from orchestration.defs import sources
from simulator import SimulatorServer, World, demo_world, serve
from simulator.world import seconds
from tests.orchestration.installation import Installation
from tests.sampling import sample

pytestmark = pytest.mark.worlds
START, NOW = date(2026, 1, 1), datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FIRST, LAST = date(2026, 2, 3), date(2026, 2, 6)
RANGE = {"dagster/asset_partition_range_start": str(FIRST), "dagster/asset_partition_range_end": str(LAST)}
TOUCHED = {FIRST + timedelta(days=number) for number in range(4)}
REPORTS = {
    "meta_ads": ("ads_insights", "campaign_insights", "account_insights"),
    "tiktok_ads": ("ads_insights", "campaign_insights", "advertiser_insights", "gmv_max_insights", "gmv_max_totals"),
}


@pytest.fixture(scope="module")
def world() -> World:
    return demo_world(seed=3, start=START, end=NOW, orders=200)


@pytest.fixture
def server(world: World) -> Iterator[SimulatorServer]:
    with serve(world, now=NOW - timedelta(days=20)) as running_server:
        yield running_server


@pytest.fixture
def place(tmp_path: Path, server: SimulatorServer, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """One tenant with its two ad accounts, synced once, twenty days ago."""
    installation = Installation(tmp_path)
    monkeypatch.setenv("TAKINGS_HOME", str(installation.home.root))
    monkeypatch.setenv("TAKINGS_CONFIG", str(tmp_path / "takings.toml"))
    installation.configure(server, kinds=tuple(REPORTS), shops=["aurora"])
    pipeline.pull_all(installation.settings)
    server.set_now(NOW)
    server.log.clear()
    return installation


def materialise(source: str, tags: dict[str, str] | None = None) -> dg.ExecuteInProcessResult:
    """Materialize the reports of some days; without tags all streams of the source, as the hourly run does."""
    job = dg.Definitions(assets=[sources.assets()]).resolve_implicit_global_asset_job_def()
    chosen = [sources.stream_key(source, name) for name in REPORTS[source]]
    keys = chosen if tags else [key for key in sources.assets().keys if key.path[0] == source]
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, asset_selection=keys, tags=tags or {})
        for key in chosen if tags else []:
            assert instance.get_materialized_partitions(key) == {str(day) for day in TOUCHED}
    return result


def rows(place: Installation, source: str) -> dict[str, set[tuple[Any, ...]]]:
    """Every row of the tables that are replaced by day, without its run and landed part; the day comes first."""
    with duckdb.connect(str(place.home.staging), read_only=True) as db:
        listed = db.execute(
            "select table_name from duckdb_columns() where schema_name = ? and column_name = 'date_day' order by 1",
            [source],
        ).fetchall()
        return {
            name: set(
                db.execute(
                    f"select date_day, columns(* exclude (date_day, run_id, landing_part)) from {source}.{name}"
                ).fetchall()
            )
            for (name,) in listed
        }


def read_at(place: Installation, source: str, stream: str) -> dict[date, datetime]:
    with duckdb.connect(str(place.home.staging), read_only=True) as db:
        rows = db.execute("select day, as_of from takings.days_read where source = ? and stream = ?", [source, stream])
        return dict(rows.fetchall())


@pytest.mark.parametrize("source", sample(REPORTS, "meta_ads"))
def test_backfill_of_a_range_is_one_run_that_reads_only_these_days(
    source: str, place: Installation, server: SimulatorServer
) -> None:
    assert materialise(source, RANGE).success
    for stream in REPORTS[source]:
        as_of = read_at(place, source, stream)
        assert {day for day, at in as_of.items() if seconds(at) == seconds(NOW)} == TOUCHED
    requests = [request.parameters for request in server.log]
    ranges = {variables["time_range"] for variables in requests if "time_range" in variables}
    ranges |= {(variables["start_date"], variables["end_date"]) for variables in requests if "start_date" in variables}
    expected = f'{{"since":"{FIRST}","until":"{LAST}"}}' if source == "meta_ads" else (str(FIRST), str(LAST))
    assert ranges == {expected}


@pytest.mark.parametrize("source", sample(REPORTS, "tiktok_ads"))
def test_backfill_changes_only_the_days_that_the_source_restated(source: str, place: Installation) -> None:
    before = rows(place, source)
    materialise(source, RANGE)
    after = rows(place, source)
    changed = {row[0] for name in before for row in before[name] ^ after[name]}
    assert changed, "twenty days later something has been restated"
    assert changed <= TOUCHED


@pytest.mark.parametrize("source", sample(REPORTS, "meta_ads"))
def test_run_without_a_partition_reads_today_and_the_four_weeks_before(
    source: str, place: Installation, server: SimulatorServer
) -> None:
    later = NOW - timedelta(days=5)  # in the month of the pull before: the first pull of a month reads more
    server.set_now(later)
    materialise(source)
    as_of = read_at(place, source, REPORTS[source][0])
    before = NOW - timedelta(days=20 + 28)  # and what has gone by since the pull before
    fresh = {day for day, at in as_of.items() if seconds(at) == seconds(later)}
    assert (min(fresh), max(fresh)) == (before.date(), later.date())
    assert len(fresh) == (max(fresh) - min(fresh)).days + 1


def test_backfill_of_many_days_is_one_run() -> None:
    assert sources.assets().backfill_policy == dg.BackfillPolicy.single_run()

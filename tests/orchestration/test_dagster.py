"""Dagster: the graph from streams to dashboards, the refresh job, and its asset checks."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import dagster as dg
import duckdb
import pytest

from common.errors import TakingsError
from connectors.registry import KINDS, STREAMS
from connectors.sync.staging import Staging
from orchestration import dbt_build
from orchestration.definitions import definitions
from orchestration.defs import sources
from orchestration.home import Home
from simulator import SimulatorServer, demo_world, serve
from tests.orchestration.installation import SHOPS, Installation, published_shops

pytestmark = pytest.mark.worlds


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An installation that the definitions find through the environment."""
    installation = Installation(tmp_path)
    installation.prepare()
    monkeypatch.setenv("TAKINGS_HOME", str(installation.home.root))
    monkeypatch.setenv("TAKINGS_CONFIG", str(tmp_path / "takings.toml"))
    return installation


@pytest.fixture
def server() -> Iterator[SimulatorServer]:
    """Shops of two months in which every order that a charge names is in the shop."""
    end = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    with serve(demo_world(seed=3, start=date(2026, 1, 1), end=end, orders=200)) as running:
        yield running


@pytest.fixture
def published(place: Installation) -> Installation:
    """The same installation with two shops, synced and published."""
    shutil.copytree(published_shops().root, place.root, symlinks=True, dirs_exist_ok=True)
    return place


def test_every_stream_is_upstream_of_the_dashboard(place: Installation) -> None:
    graph = definitions().get_repository_def().asset_graph
    dashboard = dg.AssetKey(["superset", "store-performance"])
    upstream = dg.AssetSelection.assets(dashboard).upstream().resolve(graph)
    streams = {sources.stream_key(source, stream.name) for source in STREAMS for stream in STREAMS[source]}
    assert len(streams) > 30
    aside = {dg.AssetKey(["stripe", "products"]), dg.AssetKey(["postgres", "store_profile"])}
    assert streams - upstream <= aside, "names and settings that no dashboard shows"
    assert {key for key in graph.get_all_asset_keys() if graph.get(key).partitions_def} == {
        sources.stream_key("meta_ads", name) for name in ("ads_insights", "campaign_insights", "account_insights")
    } | {
        sources.stream_key("tiktok_ads", name)
        for name in ("ads_insights", "campaign_insights", "advertiser_insights", "gmv_max_insights", "gmv_max_totals")
    }


def test_refresh_job_pulls_builds_and_publishes_without_a_server(place: Installation, server: SimulatorServer) -> None:
    place.configure(server, kinds=KINDS, shops=["aurora"])
    with dg.DagsterInstance.ephemeral() as instance:
        outcome = definitions().resolve_job_def("refresh").execute_in_process(instance=instance)
        assert outcome.success
        pulled = outcome.asset_materializations_for_node("pull")
        landed = {tuple(item.asset_key.path): item.metadata["rows landed"].value for item in pulled if item.asset_key}
        checks = outcome.get_asset_check_evaluations()
        shown = {item.asset_key: item.metadata for item in outcome.asset_materializations_for_node("show")}
    assert {key.path[-1]: data["address"].value for key, data in shown.items() if key} == {
        slug: f"http://127.0.0.1:{place.settings.superset.port}/superset/dashboard/{slug}/"
        for slug in ("home", "store-performance", "executive-summary", "revenue-deep-dive", "marketing-performance",
                     "product-metrics", "financial-health", "assistant", "creator")
    }  # fmt: skip
    assert set(landed) == {(source, stream.name) for source in STREAMS for stream in STREAMS[source]}
    assert landed["shopify", "orders"] > 0
    assert landed["tiktok_ads", "gmv_max_insights"] > 0
    assert len(checks) > 30
    of_marts = {item.asset_key.path[-1]: item.metadata for item in outcome.asset_materializations_for_node("dbt_build")
                if item.asset_key and item.asset_key.path[0] == "marts"}  # fmt: skip
    counted = {name: data["dagster/row_count"].value for name, data in of_marts.items()}
    assert counted["orders"] == place.ask("select count(*) from marts.orders")[0][0]
    assert all("seconds" in data for data in of_marts.values())
    failed = {check.check_name: check.severity for check in checks if not check.passed}
    assert dg.AssetCheckSeverity.ERROR not in failed.values()
    assert {name for name in failed if not name.startswith("alert_")} <= {"unallocated_spend_is_small"}, (
        "a world of weeks"
    )
    placed = place.ask("select sum(orders_placed) from marts.metrics_daily")[0][0]
    assert placed == place.ask("select count(*) from marts.orders")[0][0] > 20


def test_failing_dbt_test_is_a_failed_check_and_blocks_the_publish(published: Installation) -> None:
    place = published
    before = place.current
    with Staging(place.home.staging) as staging:
        one = "select min(order_id) from shopify.orders where not is_test"
        staging.db.execute(f"update shopify.orders set current_total = current_total + 0.01 where order_id = ({one})")
    with serve(SHOPS) as server, dg.DagsterInstance.ephemeral() as instance:
        place.configure(server)
        outcome = definitions().resolve_job_def("refresh").execute_in_process(instance=instance, raise_on_error=False)
        assert not outcome.success
        failed = [check for check in outcome.get_asset_check_evaluations() if not check.passed]
    assert [check.check_name for check in failed] == ["every_order_adds_up"]
    assert failed[0].severity is dg.AssetCheckSeverity.ERROR
    assert failed[0].metadata["blocks the publish of"].value == "aurora, nordlicht"
    assert place.current == before


def test_every_check_has_a_description(place: Installation) -> None:
    graph = definitions().get_repository_def().asset_graph
    specs = [graph.get_check_spec(key) for key in graph.asset_check_keys]
    assert len(specs) > 100
    assert [spec.name for spec in specs if not spec.description] == []
    texts = {spec.name: spec.description or "" for spec in specs}
    assert texts["orders_has_one_row_per_key"].startswith("Orders has one row per key. A failing row blocks")


LINEAGE = Path(__file__).resolve().parents[2] / "docs" / "explanation" / "chat-lineage.md"


def test_page_of_the_chats_lineage_is_what_dagster_has(place: Installation) -> None:
    graph = definitions().get_repository_def().asset_graph
    text = LINEAGE.read_text(encoding="utf-8")
    rows = [re.findall(r"`(.+?)`", line) for line in text.splitlines() if line.startswith("| `")]
    parents = {asset: set(comes_from) for asset, *comes_from in rows}
    assert len(parents) == 17
    for asset, named in parents.items():
        node = graph.get(dg.AssetKey(asset.split("/")))
        assert named <= {key.to_user_string() for key in node.parent_keys}, asset
        assert node.description, asset
    chosen = re.findall(r"`(\+?key:.+?)`", text)
    upstream, downstream = (dg.AssetSelection.from_string(each).resolve(graph) for each in chosen)
    sent = {asset for asset, named in parents.items() if "collector/collected" in named}
    assert sent == {f"staging/stg_records__{name}" for name in ("chat_messages", "chat_sessions", "product_events")}
    assert {dg.AssetKey(asset.split("/")) for asset in parents} <= upstream
    assert {dg.AssetKey(asset.split("/")) for asset in parents if asset not in PRICES} <= downstream


PRICES = ("staging/stg_files__model_prices",)
"""Prices of models come from files and databases only."""


def test_publish_without_a_build_of_the_same_run_is_refused(place: Installation, server: SimulatorServer) -> None:
    place.configure(server)
    job = definitions().resolve_implicit_global_asset_job_def()
    only = [dg.AssetKey(["published", "build"])]
    with (
        dg.DagsterInstance.ephemeral() as instance,
        pytest.raises(TakingsError, match="Materialize the marts in the same"),
    ):
        job.execute_in_process(instance=instance, asset_selection=only)


def test_difference_to_the_totals_of_the_source_is_a_warning_with_the_worst_day(published: Installation) -> None:
    place = published
    with Staging(place.home.staging) as staging:
        staging.db.execute("update shopify.sales_totals set total_sales = total_sales + 1 where day = '2026-02-10'")
    from orchestration import pipeline
    from orchestration.defs.publish import reconciles_with_the_source

    pipeline.rebuild(place.settings)
    result = reconciles_with_the_source()
    assert isinstance(result, dg.AssetCheckResult)
    assert not result.passed
    assert result.severity is dg.AssetCheckSeverity.WARN
    assert "2026-02-10 total_sales" in str(result.metadata["worst"].value)


def test_build_leaves_no_lock_on_its_scratch_file(published: Installation) -> None:
    place = published
    from orchestration import pipeline

    pipeline.record_run(place.settings, "one")
    built = dbt_build.build(Home(place.home.root), "one")
    with duckdb.connect(str(built.path)) as db:
        db.execute("create table now_it_is_mine (x integer)")


def test_sensor_asks_for_a_run_of_the_tenants_that_are_due(published: Installation) -> None:
    from orchestration import pace
    from orchestration.defs.common import FULL, TENANTS
    from orchestration.defs.schedules import tenants_are_due

    now = pace.slots(published.settings, datetime.now(UTC))
    requests = []
    for late in ({"aurora": 0}, {"aurora": 0, "nordlicht": 0}, {pace.FULL: 0}):
        with dg.DagsterInstance.ephemeral() as instance:
            context = dg.build_sensor_context(instance=instance, cursor=json.dumps({**now, **late}))
            result = tenants_are_due(context)
        assert isinstance(result, dg.SensorResult)
        assert result.run_requests and result.cursor
        assert not pace.due(result.cursor.partition("\n")[0], now)
        requests += [(request.job_name, dict(request.tags)) for request in result.run_requests]
    assert requests == [("refresh", {TENANTS: "aurora"}), ("refresh", {}), ("full_build", {})]
    assert definitions().resolve_job_def("full_build").tags == {FULL: "true"}

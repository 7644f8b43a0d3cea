"""The builds of the tests equal dbt's own: every row of every table, and what is said of what failed."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from connectors.sync.staging import Staging
from orchestration import dbt_build, pipeline
from orchestration.dbt_build import BuildFailedError
from orchestration.home import Home
from tests.orchestration import quick_build
from tests.orchestration.installation import Installation, published_sources

pytestmark = pytest.mark.worlds


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = Installation(tmp_path_factory.mktemp("pulled") / "place")
    shutil.copytree(published_sources().root, place.root, symlinks=True)
    pipeline.record_run(place.settings, "one")
    return place.root


@pytest.fixture
def home(pulled: Path, tmp_path: Path) -> Home:
    shutil.copytree(pulled, tmp_path / "place")
    return Installation(tmp_path / "place").home


def tables(path: Path) -> dict[str, list[str]]:
    """Every table and view of a build, its rows as sorted text."""
    with duckdb.connect(str(path), read_only=True) as db:
        db.execute(f"attach '{path.parents[1] / 'warehouse' / 'staging.duckdb'}' as raw (read_only)")
        names = db.execute(
            "select table_schema || '.' || table_name from information_schema.tables where table_catalog = 'build' "
            "and table_schema <> 'last_build'"  # has the nodes in dbt's order, which varies
        ).fetchall()
        return {name: sorted(map(str, db.sql(f"select * from {name}").fetchall())) for (name,) in names}


def test_same_rows_and_results_as_dbt(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    quick = dbt_build.build(home, "one", full=True)
    expected_name = quick.path.rename(quick.path.with_name("build.duckdb"))
    rows = tables(expected_name)
    monkeypatch.setattr(dbt_build, "run_nodes", quick_build.by_dbt)
    real = dbt_build.build(home, "one", full=True)
    assert tables(real.path.rename(real.path.with_name("build.duckdb"))) == rows
    assert len([name for name in rows if name.startswith("marts.") and rows[name]]) > 20
    assert (quick.models, quick.tests, sorted(quick.warnings)) == (real.models, real.tests, sorted(real.warnings))
    untimed = [{node["id"]: {**node, "seconds": 0.0} for node in built.nodes} for built in (quick, real)]
    assert untimed[0] == untimed[1]
    assert all(node["seconds"] >= 0 for node in real.nodes) and any(node["seconds"] for node in real.nodes)


@pytest.mark.deep
def test_same_failures_and_skipped_nodes_as_dbt(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with Staging(home.staging) as staging:
        staging.db.execute(
            "insert into shopify.products select * from shopify.products where tenant_id = 'aurora' limit 1"
        )
        staging.db.execute("alter table shopify.variants drop column price")
    errors = []
    for run_nodes in (dbt_build.run_nodes, quick_build.by_dbt):
        monkeypatch.setattr(dbt_build, "run_nodes", run_nodes)
        with pytest.raises(BuildFailedError) as raised:
            dbt_build.build(home, "two", full=True)
        errors.append(raised.value)
    quick, real = errors
    assert quick.doubts == real.doubts
    assert quick.by_tenant == real.by_tenant
    assert quick.built and real.built
    assert {n["id"]: n["status"] for n in quick.built.nodes} == {n["id"]: n["status"] for n in real.built.nodes}

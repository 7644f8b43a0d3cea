"""A build of what dbt executed over empty tables equals dbt's own build: every row, and what is said of what failed."""

from __future__ import annotations

import csv
import re
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.sync.staging import Staging
from orchestration import dbt_build, dbt_parse, pipeline, recording
from orchestration.dbt_build import BuildFailedError
from orchestration.home import Home
from tests.orchestration import first_build
from tests.orchestration.installation import Installation, published_sources

ROOT = Path(__file__).resolve().parents[2]
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


def by_dbt(home: Home, on_node: dbt_build.OnNode) -> list[Any]:
    """In place of `dbt_build.run_nodes`: dbt itself builds."""
    results = recording.by_dbt(home, home.dbt_target)
    recorded = {node["unique_id"]: node for node in recording.nodes(home)}
    for result in results:
        result.recorded = recorded[result.node.unique_id]
    return results


def test_same_rows_and_results_as_dbt(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = dbt_build.build(home, "one", full=True)
    rows = tables(ours.path.rename(ours.path.with_name("build.duckdb")))
    monkeypatch.setattr(dbt_build, "run_nodes", by_dbt)
    real = dbt_build.build(home, "one", full=True)
    assert tables(real.path.rename(real.path.with_name("build.duckdb"))) == rows
    assert len([name for name in rows if name.startswith("marts.") and rows[name]]) > 20
    assert len([name for name in rows if name.startswith("seeds.") and rows[name]]) > 5
    assert (ours.models, ours.tests, sorted(ours.warnings)) == (real.models, real.tests, sorted(real.warnings))
    untimed = [{node["id"]: {**node, "seconds": 0.0} for node in built.nodes} for built in (ours, real)]
    assert untimed[0] == untimed[1]
    for built in (ours, real):
        assert all(node["seconds"] >= 0 for node in built.nodes) and any(node["seconds"] for node in built.nodes)


@pytest.mark.deep
def test_same_failures_and_skipped_nodes_as_dbt(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    with Staging(home.staging) as staging:
        staging.db.execute(
            "insert into shopify.products select * from shopify.products where tenant_id = 'aurora' limit 1"
        )
        staging.db.execute("alter table shopify.variants drop column price")
    errors = []
    for run_nodes in (dbt_build.run_nodes, by_dbt):
        monkeypatch.setattr(dbt_build, "run_nodes", run_nodes)
        with pytest.raises(BuildFailedError) as raised:
            dbt_build.build(home, "two", full=True)
        errors.append(raised.value)
    ours, real = errors
    assert ours.doubts == real.doubts
    assert ours.by_tenant == real.by_tenant
    assert ours.built and real.built
    assert {n["id"]: n["status"] for n in ours.built.nodes} == {n["id"]: n["status"] for n in real.built.nodes}


def test_second_home_of_a_user_does_not_run_dbt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = first_build.nodes()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    first = Home(tmp_path / "first")
    shutil.copytree(first_build.parsed(), first.dbt_target)
    (first.dbt_target / recording.NODES).unlink()
    monkeypatch.setattr(recording, "_record", lambda home: expected)
    assert recording.nodes(first) == expected
    monkeypatch.setattr(recording, "_record", None)
    second = Home(tmp_path / "second")
    shutil.copytree(first_build.parsed(), second.dbt_target)
    (second.dbt_target / recording.NODES).unlink()
    assert recording.nodes(second) == expected


def test_nodes_of_a_changed_project_are_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(first_build.parsed(), home.dbt_target)
    expected = recording.nodes(home)
    monkeypatch.setattr(dbt_parse, "fingerprint", lambda: "another")
    monkeypatch.setattr(dbt_parse, "parse", lambda home: home.dbt_target)
    monkeypatch.setattr(recording, "_record", lambda home: expected[:1])
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert recording.nodes(home) == expected[:1]


def test_seed_has_every_row_of_its_file_whatever_folder_the_checkout_is_in() -> None:
    seeds = [node for node in first_build.nodes() if node["resource_type"] == "seed"]
    assert not any(str(ROOT) in node["sql"] for node in seeds)
    with duckdb.connect() as db:
        db.execute("attach ':memory:' as build; create schema build.seeds; use build")
        for node in seeds:
            db.execute(node["sql"])
            with (ROOT / "dbt_project" / "seeds" / f"{node['name']}.csv").open(newline="") as file:
                expected = [[value or None for value in row] for row in csv.reader(file)][1:]
            texts = f"select columns(*)::varchar from build.seeds.{node['name']}"
            assert len(db.execute(texts).fetchall()) == len(expected)
            if not re.search(r"decimal|date", node["sql"], re.IGNORECASE):  # whose texts are written in another way
                assert sorted(map(str, db.execute(texts).fetchall())) == sorted(str(tuple(row)) for row in expected)

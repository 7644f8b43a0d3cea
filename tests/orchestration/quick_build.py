"""Builds a warehouse from the SQL that dbt made once, without dbt's own cost for each node.

What dbt executes for a node is the same text in every build: it depends on the project, not on the data. A first build
by dbt over empty staging tables records these texts in the shared cache; a build in a test executes them against its
own staging file, and judges tests as dbt does. `test_quick_build.py` compares both ways row by row, failures included.
Tests of the build itself use dbt (the fixture `real_dbt`), and so does every command that runs in a process of its own.
"""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from connectors.registry import prepare_schemas
from connectors.sync.staging import Staging
from orchestration import dbt_build, dbt_parse, recorded
from orchestration.home import Home, quoted
from tests import shared_cache

NODES = "nodes.json"

by_dbt = dbt_build.run_nodes


def parsed() -> Path:
    """dbt's parse of the project, shared by all workers: it takes longer than the build of a small shop."""

    def make(folder: Path) -> None:
        dbt_parse.parse(Home(folder))

    return Home(shared_cache.entry("dbt-parse", "", make, sources=dbt_parse.fingerprint())).dbt_target


def empty() -> Path:
    """A home that dbt built over empty staging tables: every table, seed and model with its columns."""
    return shared_cache.entry("dbt-empty", "", _build_empty)


def _build_empty(folder: Path) -> None:
    home = Home(folder)
    with Staging(home.staging) as staging:
        prepare_schemas(staging)
    home.builds.mkdir(parents=True)
    shutil.copytree(parsed(), home.dbt_target)
    results = by_dbt(home, lambda finished, total, name: None)
    assert {str(result.status) for result in results} <= {"success", "pass"}
    (folder / NODES).write_text(json.dumps(recorded.record(results)))


def run_nodes(home: Home, on_node: dbt_build.OnNode) -> list[Any]:
    """In place of `dbt_build.run_nodes`: the same tables, and a result like dbt's for each node, in dbt's order."""
    recorded_nodes = nodes()
    if not home.dbt_target.exists():
        shutil.copytree(parsed(), home.dbt_target)
    with duckdb.connect(str(dbt_parse.scratch(home))) as db:
        db.execute("set TimeZone = 'UTC'; set preserve_insertion_order = false")
        db.execute("set threads = 1")  # a second one costs a small build more CPU than it saves
        db.execute(f"attach {quoted(home.staging)} as raw (read_only)")
        for schema in sorted({node["schema"] for node in recorded_nodes if node["resource_type"] != "test"}):
            db.execute(f"create schema if not exists {schema}")
        return recorded.run_all(db, recorded_nodes, on_node, recorded.run)


@cache
def nodes() -> list[recorded.Node]:
    """The nodes that dbt executed, in its order."""
    result: list[recorded.Node] = json.loads((empty() / NODES).read_text())
    return result

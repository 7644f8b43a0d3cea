"""Builds a warehouse from the SQL that dbt made once, without dbt's own cost for each node.

What dbt executes for a node is the same text in every build: it depends on the project, not on the data. A first build
by dbt over empty staging tables records these texts in the shared cache; a build in a test executes them against its
own staging file, and judges tests as dbt does. `test_quick_build.py` compares both ways row by row, failures included.
It starts from a copy of that first build: seeds stay, and so does each table and result of a test that comes from seeds
and empty tables alone. A shop without ads pays little for the models of ads.
Tests of the build itself use dbt (the fixture `real_dbt`), and so does every command that runs in a process of its own.
"""

from __future__ import annotations

import json
import os
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from connectors.registry import prepare_schemas
from connectors.sync.staging import Staging
from orchestration import dbt_build, dbt_parse, incremental, last_build, recorded
from orchestration.home import Home, quoted
from tests import shared_cache

NODES, OUTCOMES = "nodes.json", "outcomes.json"

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
    outcomes = {each.node.unique_id: (str(each.status), each.failures, each.message) for each in results}
    (folder / OUTCOMES).write_text(json.dumps(outcomes))


def run_nodes(home: Home, on_node: dbt_build.OnNode) -> list[Any]:
    """In place of `dbt_build.run_nodes`: the same tables, and a result like dbt's for each node, in dbt's order."""
    if not home.dbt_target.exists():
        shutil.copytree(parsed(), home.dbt_target)
    shutil.copyfile(dbt_parse.scratch(Home(empty())), dbt_parse.scratch(home))
    with duckdb.connect(str(dbt_parse.scratch(home))) as db:
        db.execute("set TimeZone = 'UTC'; set preserve_insertion_order = false")
        db.execute("set threads = 1")  # a second one costs a small build more CPU than it saves
        db.execute(f"attach {quoted(home.staging)} as raw (read_only)")
        return recorded.run_all(db, nodes(), on_node, _Quick(db).run)


class _Quick:
    """Runs the nodes that are not as in the first build."""

    def __init__(self, db: duckdb.DuckDBPyConnection) -> None:
        listed = (
            "select database_name, schema_name || '.' || table_name from duckdb_tables() where estimated_size = 0 "
            "and database_name in ('raw', 'build')"
        )
        names = db.execute(listed).fetchall()
        self.empty_staging = {table for database, table in names if database == "raw"}
        self.empty_at_first = {table for database, table in names if database == "build"}
        self.same: set[str] = set()
        """The nodes that are as in the first build."""

    def run(self, db: duckdb.DuckDBPyConnection, node: recorded.Node) -> Any:
        is_same = all(map(self._is_same, node["depends_on"])) and not incremental.VOLATILE.search(node["sql"])
        if is_same:
            self.same.add(node["unique_id"])
            if node["materialized"] != "view":  # a view is made: that fails where staging lacks a column
                return recorded.result(node, *outcomes()[node["unique_id"]])
        result = recorded.run(db, node)
        table = f"{node['schema']}.{node['name']}"
        if table in self.empty_at_first and not db.execute(f"select 1 from {table} limit 1").fetchall():
            self.same.add(node["unique_id"])
        return result

    def _is_same(self, name: str) -> bool:
        return last_build.table_of(name) in self.empty_staging if name.startswith("source.") else name in self.same


@cache
def nodes() -> list[recorded.Node]:
    """The nodes that dbt executed, in its order."""
    result: list[recorded.Node] = json.loads((empty() / NODES).read_text())
    return result


@cache
def outcomes() -> dict[str, tuple[str, int | None, str | None]]:
    """The result of each node over empty staging tables: status, failures and message."""
    result: dict[str, tuple[str, int | None, str | None]] = json.loads((empty() / OUTCOMES).read_text())
    return result


if __name__ == "__main__":  # before the tests, beside the lint: all workers would wait for it
    os.environ["XDG_CACHE_HOME"] = str(shared_cache.FOLDER / "user")  # where processes of tests look for the parse
    empty()

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
from types import SimpleNamespace
from typing import Any

import duckdb

from connectors.registry import prepare_schemas
from connectors.sync.staging import Staging
from orchestration import dbt_build, dbt_parse
from orchestration.home import Home, quoted
from tests import shared_cache

Node = dict[str, Any]
NODES = "nodes.json"
BROKEN = ("error", "fail", "skipped")

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
    (folder / NODES).write_text(json.dumps([_node(result.node) for result in results]))


def _node(node: Any) -> Node:
    """What is needed to run a node again; `sql` is what dbt executed."""
    tested = str(node.resource_type) == "test"
    return {
        "unique_id": node.unique_id,
        "name": node.name,
        "resource_type": str(node.resource_type),
        "schema": node.schema,
        "compiled_code": getattr(node, "compiled_code", None),
        "depends_on": getattr(node.depends_on, "nodes", []),
        "severity": node.config.severity.lower() if tested else "error",
        "meta": node.config.meta,
        "sql": Path(node.build_path).read_text(),
    }


def run_nodes(home: Home, on_node: dbt_build.OnNode) -> list[Any]:
    """In place of `dbt_build.run_nodes`: the same tables, and a result like dbt's for each node, in dbt's order."""
    nodes, above = _nodes(empty() / NODES)
    if not home.dbt_target.exists():
        shutil.copytree(parsed(), home.dbt_target)
    results: list[Any] = []
    broken: list[set[str]] = []
    with duckdb.connect(str(dbt_parse.scratch(home))) as db:
        db.execute("set TimeZone = 'UTC'; set preserve_insertion_order = false")
        db.execute("set threads = 1")  # a second one costs a small build more CPU than it saves
        db.execute(f"attach {quoted(home.staging)} as raw (read_only)")
        for schema in sorted({node["schema"] for node in nodes if node["resource_type"] != "test"}):
            db.execute(f"create schema if not exists {schema}")
        for number, node in enumerate(nodes, 1):
            skipped = any(names <= above[node["unique_id"]] for names in broken)  # dbt: what comes after all it tested
            result = _result(node, "skipped", None, None) if skipped else _run(db, node)
            if result.status in BROKEN:
                tested = node["resource_type"] == "test"
                broken.append(set(node["depends_on"]) if tested else {node["unique_id"]})
            results.append(result)
            on_node(number, len(nodes), node["name"])
    return results


@cache
def _nodes(path: Path) -> tuple[list[Node], dict[str, set[str]]]:
    """The nodes that were recorded, and for each of them all that it is made from."""
    nodes: list[Node] = json.loads(path.read_text())
    return nodes, _ancestors(nodes)


def _ancestors(nodes: list[Node]) -> dict[str, set[str]]:
    """For each node all nodes that it is made from."""
    above: dict[str, set[str]] = {}
    for node in nodes:  # in an order in which each comes after what it depends on
        names = set(node["depends_on"])
        above[node["unique_id"]] = names.union(*(above.get(name, set()) for name in names))
    return above


def _run(db: duckdb.DuckDBPyConnection, node: Node) -> Any:
    try:
        row = db.execute(node["sql"]).fetchone()
    except duckdb.Error as error:
        return _result(node, "error", None, f"Runtime Error in {node['resource_type']} {node['name']}\n  {error}")
    if node["resource_type"] != "test":
        return _result(node, "success", None, "OK")
    failures, should_warn, should_error = row or (0, False, False)
    message = f"Got {failures} result{'s' * (failures != 1)}, configured to {{}} if != 0"
    if node["severity"] == "error" and should_error:
        return _result(node, "fail", failures, message.format("fail"))
    if should_warn:
        return _result(node, "warn", failures, message.format("warn"))
    return _result(node, "pass", failures, None)


def _result(node: Node, status: str, failures: int | None, message: str | None) -> Any:
    return SimpleNamespace(
        node=SimpleNamespace(**node, config=SimpleNamespace(meta=node["meta"])),
        status=status, failures=failures, message=message, execution_time=0.0,
    )  # fmt: skip

"""Executes what dbt executed for each node of a build (recording.py), and judges checks as dbt does."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb

from common import database
from orchestration.dbt_parse import resources
from orchestration.home import quoted

Node = dict[str, Any]
"""`sql` is what dbt executed, `compiled_code` its query; the other fields are named as dbt names them."""
BROKEN = ("error", "fail", "skipped")
OnNode = Callable[[int, int, str], None]
"""on_node(finished nodes, all nodes, name)"""


@contextmanager
def opened(scratch: Path, staging: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The scratch file of a build with staging beside it as `raw`, as the nodes name it."""
    threads, memory = resources(staging)
    with database.connect(scratch) as db:
        db.execute("set TimeZone = 'UTC'; set preserve_insertion_order = false")
        db.execute(f"set threads = {threads}; set memory_limit = '{memory}'")
        db.execute("set checkpoint_threshold = '1TB'")  # once at the end
        db.execute(f"attach {quoted(staging)} as raw (read_only)")
        yield db


def run_all(
    db: duckdb.DuckDBPyConnection,
    nodes: Sequence[Node],
    on_node: OnNode,
    run: Callable[[duckdb.DuckDBPyConnection, Node], Any],
) -> list[Any]:
    """Run nodes in their order; a result like dbt's for each. What comes after a broken one is skipped, as by dbt."""
    above = ancestors(nodes)
    results: list[Any] = []
    broken: list[set[str]] = []
    for number, node in enumerate(nodes, 1):
        skipped = any(names <= above[node["unique_id"]] for names in broken)  # dbt: what comes after all it tested
        outcome = result(node, "skipped", None, None) if skipped else run(db, node)
        if outcome.status in BROKEN:
            tested = node["resource_type"] == "test"
            broken.append(set(node["depends_on"]) if tested else {node["unique_id"]})
        results.append(outcome)
        on_node(number, len(nodes), node["name"])
    return results


def ancestors(nodes: Sequence[Node]) -> dict[str, set[str]]:
    """For each node all nodes that it is made from."""
    above: dict[str, set[str]] = {}
    for node in nodes:  # in an order in which each comes after what it depends on
        names = set(node["depends_on"])
        above[node["unique_id"]] = names.union(*(above.get(name, set()) for name in names))
    return above


def run(db: duckdb.DuckDBPyConnection, node: Node, sql: str | None = None) -> Any:
    """Execute what dbt executed (or `sql` in its place), and judge a test as dbt does."""
    began = time.perf_counter()
    try:
        row = db.execute(sql or node["sql"]).fetchone()
    except duckdb.Error as error:
        return result(node, "error", None, f"Runtime Error in {node['resource_type']} {node['name']}\n  {error}")
    seconds = time.perf_counter() - began
    if node["resource_type"] != "test":
        return result(node, "success", None, "OK", seconds)
    failures, should_warn, should_error = row or (0, False, False)
    message = f"Got {failures} result{'s' * (failures != 1)}, configured to {{}} if != 0"
    if node["severity"] == "error" and should_error:
        return result(node, "fail", failures, message.format("fail"), seconds)
    if should_warn:
        return result(node, "warn", failures, message.format("warn"), seconds)
    return result(node, "pass", failures, None, seconds)


def result(node: Node, status: str, failures: int | None, message: str | None, seconds: float = 0.0) -> Any:
    """A result with the fields of dbt's that are read here."""
    described = SimpleNamespace(**node, config=SimpleNamespace(meta=node["meta"]))
    return SimpleNamespace(
        node=described, recorded=node, status=status, failures=failures, message=message, execution_time=seconds
    )

"""What dbt executed for each node of a build, to be executed again without dbt.

The text of a node depends on the project alone: it is the same in every build, whatever the data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb

Node = dict[str, Any]
"""`sql` is what dbt executed, `compiled_code` its query; the other fields are named as dbt names them."""
BROKEN = ("error", "fail", "skipped")
OnNode = Callable[[int, int, str], None]
"""on_node(finished nodes, all nodes, name)"""


def record(results: Iterable[Any]) -> list[Node]:
    """The nodes of dbt's results, in the order in which dbt executed them."""
    return [getattr(result, "recorded", None) or _node(result.node) for result in results]


def _node(node: Any) -> Node:
    tested = str(node.resource_type) == "test"
    return {
        "unique_id": node.unique_id,
        "name": node.name,
        "resource_type": str(node.resource_type),
        "schema": node.schema,
        "materialized": node.config.materialized,
        "compiled_code": getattr(node, "compiled_code", None),
        "depends_on": getattr(node.depends_on, "nodes", []),
        "severity": node.config.severity.lower() if tested else "error",
        "meta": node.config.meta,
        "sql": Path(node.build_path).read_text(),
    }


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
    try:
        row = db.execute(sql or node["sql"]).fetchone()
    except duckdb.Error as error:
        return result(node, "error", None, f"Runtime Error in {node['resource_type']} {node['name']}\n  {error}")
    if node["resource_type"] != "test":
        return result(node, "success", None, "OK")
    failures, should_warn, should_error = row or (0, False, False)
    message = f"Got {failures} result{'s' * (failures != 1)}, configured to {{}} if != 0"
    if node["severity"] == "error" and should_error:
        return result(node, "fail", failures, message.format("fail"))
    if should_warn:
        return result(node, "warn", failures, message.format("warn"))
    return result(node, "pass", failures, None)


def result(node: Node, status: str, failures: int | None, message: str | None, seconds: float = 0.0) -> Any:
    """A result with the fields of dbt's that are read here."""
    described = SimpleNamespace(**node, config=SimpleNamespace(meta=node["meta"]))
    return SimpleNamespace(
        node=described, recorded=node, status=status, failures=failures, message=message, execution_time=seconds
    )

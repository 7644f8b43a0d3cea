"""What dbt executes for each node of a build: dbt runs once per version of the project, over empty staging tables.

    dbt_project/ ──parse──▶ manifest ──dbt build over empty tables──▶ nodes.json ──▶ every build (dbt_build.py)

The text of a node depends on the project alone, never on the data. So dbt, which takes longer for it than the build of
a shop, runs it once per checkout and user; a build executes the texts itself.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import duckdb

from common import database
from common.errors import StopError
from connectors.registry import prepare_schemas
from connectors.sync.load import literal
from connectors.sync.staging import Staging
from orchestration import dbt_lean, dbt_parse
from orchestration.home import Home, quoted
from orchestration.recorded import BROKEN, Node

NODES = "nodes.json"
UNTESTED = ["--exclude-resource-type", "unit_test"]  # they test SQL, not data: `make test` runs them


def nodes(home: Home) -> list[Node]:
    """The nodes of a build, in an order in which each comes after what it depends on.

    Raises StopError with dbt's reason when the project does not parse, or when its SQL fails.
    """
    now = dbt_parse.fingerprint()
    if known := _read(home, now):
        return known
    dbt_parse.parse(home)
    with dbt_parse.shared() as cache:
        known = _read(cache, now) if cache else None
        if known is None:
            known = _record(home)
            if cache:
                _write(cache, now, known)
    _write(home, now, known)
    return known


def _read(home: Home, now: str) -> list[Node] | None:
    """The nodes that were recorded of this version of the project; None where there are none."""
    path = home.dbt_target / NODES
    if not path.exists():
        return None
    content = json.loads(path.read_text())
    return content["nodes"] if content["fingerprint"] == now else None


def _write(home: Home, now: str, known: list[Node]) -> None:
    home.dbt_target.mkdir(parents=True, exist_ok=True)
    content = json.dumps({"fingerprint": now, "nodes": known}).encode()
    dbt_parse.write(home.dbt_target / NODES, content)


def _record(home: Home) -> list[Node]:
    """Let dbt build everything over empty staging tables, and note what it executed."""
    with tempfile.TemporaryDirectory(prefix="takings-first-build-") as folder:
        first = Home(Path(folder))
        with Staging(first.staging) as staging:
            prepare_schemas(staging)
        results = by_dbt(first, home.dbt_target)
        failed = [f"{result.node.name}: {result.message}" for result in results if str(result.status) in BROKEN]
        if failed:
            raise StopError("The dbt project does not build", "\n  ".join(failed))
        with database.connect(dbt_parse.scratch(first), read_only=True) as db:
            db.execute(f"attach {quoted(first.staging)} as raw (read_only)")
            return [_node(result.node, db) for result in results]


def by_dbt(home: Home, target: Path) -> list[Any]:
    """Run every seed, model and test by dbt, with the manifest in `target`, into the scratch file of a home.

    Returns dbt's result for each, in the order in which they ended. Raises StopError.
    """
    from dbt.cli.main import dbtRunner
    from dbt.contracts.graph.manifest import Manifest

    home.builds.mkdir(parents=True, exist_ok=True)
    manifest = Manifest.from_msgpack((target / dbt_parse.PARSED).read_bytes())
    with dbt_parse.environment(dbt_parse.scratch(home), home.staging), dbt_lean.building():
        command = ["--no-write-json", "--use-fast-test-edges", "build", *UNTESTED, *dbt_parse.arguments(home)]
        outcome = dbtRunner(manifest=manifest).invoke([*dbt_parse.QUIET, *command])
        dbt_parse.close_connections()
    if outcome.exception is not None:
        raise StopError("Nothing was built", f"dbt could not run: {outcome.exception}")
    return list(outcome.result or ())


def _node(node: Any, db: duckdb.DuckDBPyConnection) -> Node:
    kind, meta = str(node.resource_type), node.config.meta
    tested = getattr(node, "test_metadata", None)
    if tested and tested.name == "unique_combination":  # an incremental build tests what changed
        meta = {**meta, "keys": tested.kwargs["columns"]}
    has_contract = kind == "model" and node.contract.enforced
    return {
        "unique_id": node.unique_id,
        "name": node.name,
        "resource_type": kind,
        "schema": node.schema,
        "materialized": node.config.materialized,
        "compiled_code": getattr(node, "compiled_code", None),
        "depends_on": getattr(node.depends_on, "nodes", []),
        "severity": node.config.severity.lower() if kind == "test" else "error",
        "meta": meta,
        "contract": {column.name: column.data_type for column in node.columns.values()} if has_contract else {},
        "sql": _seed(node, db) if kind == "seed" else Path(node.build_path).read_text(),
    }


def _seed(node: Any, db: duckdb.DuckDBPyConnection) -> str:
    """SQL for a seed with its rows: dbt's own names the file in this checkout."""
    table = f'"{node.schema}"."{node.name}"'
    columns = [(name, kind) for name, kind, *_ in db.execute(f"describe {table}").fetchall()]
    texts = ", ".join(f'cast("{name}" as varchar)' for name, _ in columns)
    rows = db.execute(f"select {texts} from {table}")
    values = ",\n".join(f"({', '.join(map(_literal, row))})" for row in rows.fetchall())
    listed = ", ".join(f'"{name}" {kind}' for name, kind in columns)
    return f"create or replace table {table} ({listed});\ninsert into {table} values\n{values}"


def _literal(value: str | None) -> str:
    return "null" if value is None else literal(value)

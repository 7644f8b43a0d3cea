"""Builds and tests the marts: reads the staging file, writes one scratch file of them.

Every build writes a file of its own, so an interrupted one leaves nothing behind and a repeated one gives the same
marts. It starts from a copy of the last build where that is of the same program (orchestration/incremental.py), else
from nothing. A failed test fails the build, and nothing is published.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from common import database
from common.errors import StopError
from orchestration import checks, incremental, last_build, recorded, recording
from orchestration.checks import SHOWN, Ask
from orchestration.dbt_parse import scratch
from orchestration.home import Home, quoted
from orchestration.recorded import OnNode

PASSED = ("success", "pass", "warn", "skipped")
EVERY_TENANT = "every tenant"


@dataclass
class Built:
    """A finished build: its scratch file and dbt's result for each node.

    A build in PostgreSQL has no marts in its file, but what it says of each tenant.
    """

    path: Path
    is_full: bool = False
    """Whether everything was built again, without the last build."""
    models: int = 0
    tests: int = 0
    whole: dict[str, list[str]] = field(default_factory=dict)
    """By reason, the models that were built whole although they could be continued from the last build."""
    warnings: list[str] = field(default_factory=list)
    tenant_warnings: dict[str, list[str]] = field(default_factory=dict)
    nodes: list[dict[str, Any]] = field(default_factory=list)
    place: str = ""
    """Where a failed build is, for people."""

    def rows(self) -> dict[str, int]:
        """The number of rows of each table and of each mart, by schema and name."""
        tables = "select schema_name || '.' || table_name, estimated_size from duckdb_tables()"
        views = "select schema_name || '.' || view_name from duckdb_views() where schema_name = 'marts'"
        with database.connect() as db:
            db.execute(f"attach {quoted(self.path)} as build (read_only)")  # as its views name it
            counts: dict[str, int] = dict(db.execute(tables).fetchall())
            return counts | {name: len(db.table(f"build.{name}")) for (name,) in db.execute(views).fetchall()}

    def show_failures_of(self, earlier: Built | None) -> None:
        """Show a check as failed that failed in an earlier build of the same run, before tenants were left out."""
        failures = {node["id"]: node for node in earlier.nodes if node["status"] == "fail"} if earlier else {}
        self.nodes = [failures.get(node["id"], node) for node in self.nodes or failures.values()]


class BuildFailedError(StopError):
    """A model or a test failed.

    `built` has dbt's result for each node, where dbt ran. `doubts`: by tenant, the failing tests and its first rows in
    them. `by_tenant`: whether every failing row names its tenant, so that the other tenants' rows are sound.
    """

    def __init__(self, message: str, built: Built | None, doubts: dict[str, str], *, by_tenant: bool) -> None:
        super().__init__(message)
        self.built, self.doubts, self.by_tenant = built, doubts, by_tenant


def build(
    home: Home, run_id: str, on_node: OnNode = lambda finished, total, name: None, *, full: bool = False
) -> Built:
    """Run every seed, model and test; from the last build only what changed since, unless `full`.

    Raises BuildFailedError, which names what failed, OSError for a full disk, or StopError.
    """
    path = _clean(home)
    built = Built(path)
    start, program = last_build.path(home, last_build.tenants_of(home.staging)), last_build.program()
    continued = incremental.needs_full_build("a full build was asked for")
    try:
        if not full:
            continued = incremental.run_nodes(start, path, home.staging, program, on_node)
    except duckdb.Error as error:
        if "No space left" in str(error):
            raise
        why = str(error).splitlines()[0]
        built.warnings.append(f"the last build could not be continued, so everything was built again: {why}")
        continued = incremental.needs_full_build("the last build could not be continued")
    built.whole, results = continued.whole, continued.results
    if results is None:
        _clean(home)
        results = run_nodes(home, on_node)
        built.is_full = True
    if any("No space left" in str(result.message) for result in results if str(result.status) not in PASSED):
        raise OSError(errno.ENOSPC, "No space left for the build")
    judge(built, results, lambda: _asking(path, home.staging), str(path))
    if built.is_full:
        with _warehouse(path, home.staging, read_only=False) as db:
            last_build.write(db, program, [result.recorded for result in results], results)
    _complete(path)
    built.path = path.rename(home.builds / f"build_{run_id}.duckdb")
    return built


def judge(built: Built, results: list[Any], asking: Callable[[], AbstractContextManager[Ask]], place: str) -> None:
    """Note dbt's result for each node in the build, and what checks warn of.

    `asking` opens the build, where a check warns or fails; `place` says to people where it is. Raises BuildFailedError.
    """
    warned, failed = [], []
    for result in results:
        kind, status = result.node.resource_type, str(result.status)
        built.models += kind == "model"
        built.tests += kind in ("test", "unit_test")
        node = {
            "id": result.node.unique_id,
            "kind": str(kind),
            "status": status,
            "failures": result.failures,
            "seconds": round(result.execution_time, 3),
        }
        built.nodes.append(node)
        if status == "warn":
            warned.append(result)
        elif status not in PASSED:
            failed.append(result)
    if not (warned or failed):
        return
    with asking() as ask:  # once: to open a file takes as long as to read what a check warns of
        _warn(built, warned, ask)
        shown = [f"  {checks.reason(result, ask)}" for result in failed[:SHOWN]]
        rows = {result.node.name: checks.rows_by_tenant(result, ask) for result in failed}
    if not failed:
        return
    more = f"\n  … and {len(failed) - SHOWN} more" if len(failed) > SHOWN else ""
    tenants = {result.node.unique_id: sorted(rows[result.node.name]) for result in failed}
    for node in built.nodes:
        node["blocks"] = (tenants[node["id"]] or [EVERY_TENANT]) if node["id"] in tenants else []
    built.place = place
    raise BuildFailedError(
        f"{len(failed)} of dbt's checks failed, so nothing was published and readers keep the last build:\n"
        + "\n".join(shown)
        + more
        + f"\nThe scratch build stays until the next run, for inspection: {place}",
        built,
        checks.doubts(rows),
        by_tenant=all(rows.values()),
    )


def _warn(built: Built, warned: list[Any], ask: Ask) -> None:
    """Note what checks warn of, in all and by tenant."""
    for result in warned:
        built.warnings.append(checks.warning_of(result, ask))
        for tenant, (count, _) in checks.rows_by_tenant(result, ask).items():
            text = f"{result.node.name}: {count} rows of tenant {tenant}, as of the build of its file"
            built.tenant_warnings.setdefault(tenant, []).append(text)


def empty(home: Home, run_id: str) -> Built:
    """A build without marts in its file: no tenant has to be built, or they are built elsewhere."""
    path = _clean(home).with_name(f"build_{run_id}.duckdb")
    database.connect(path).close()
    return Built(path)


def _clean(home: Home) -> Path:
    """Remove what an interrupted build left; the path of the scratch file."""
    home.builds.mkdir(parents=True, exist_ok=True)
    for left in home.builds.iterdir():
        if left.is_dir():  # what DuckDB wrote to the disk because it did not fit into memory
            shutil.rmtree(left)
        elif not left.match("last_*.duckdb"):
            left.unlink()
    return scratch(home)


def _complete(path: Path) -> None:
    """Bring what DuckDB has committed beside the file into the file itself, which gets another name now.

    It does so itself on closing, and leaves the log where the disk is full. Raises duckdb.Error or OSError then.
    """
    log = path.with_name(path.name + ".wal")
    if log.exists():
        with database.connect(path) as db:
            db.execute("force checkpoint")
    if log.exists():
        raise OSError(errno.ENOSPC, "No space left for the build")


def run_nodes(home: Home, on_node: OnNode) -> list[Any]:
    """Run every seed, model and test into the scratch file; a result like dbt's for each. Raises StopError."""
    nodes = recording.nodes(home)
    with recorded.opened(scratch(home), home.staging) as db:
        for schema in sorted({node["schema"] for node in nodes if node["resource_type"] != "test"}):
            db.execute(f'create schema if not exists "{schema}"')
        results = recorded.run_all(db, nodes, on_node, recorded.run)
        _check_contracts(db, [result.recorded for result in results if result.status == "success"])
    return results


def _check_contracts(db: duckdb.DuckDBPyConnection, nodes: list[recorded.Node]) -> None:
    """Compare the columns of each mart with its contract. Raises StopError, which names the columns that differ."""
    declared = {
        (node["schema"], node["name"], column): type for node in nodes for column, type in node["contract"].items()
    }
    types = sorted(set(declared.values()))
    names = db.execute(f"select {', '.join(f'typeof(cast(null as {type}))' for type in types)}").fetchone() or ()
    columns = (
        "select schema_name, table_name, column_name, data_type from duckdb_columns() "
        "where database_name = current_database()"
    )
    built = {tuple(place): type for *place, type in db.execute(columns).fetchall()}
    type_of = dict(zip(types, names, strict=True))
    differing = [
        f"  {table}.{column} is {built.get((schema, table, column))}, its contract says {type}"
        for (schema, table, column), type in declared.items()
        if built.get((schema, table, column)) != type_of[type]
    ]
    if differing:
        raise StopError("Nothing was published", "\n".join(["a mart differs from its contract:", *differing]))


@contextmanager
def _asking(path: Path, staging: Path) -> Iterator[Ask]:
    """Questions to the scratch file."""
    with _warehouse(path, staging) as db:
        yield checks.of_duckdb(db)


@contextmanager
def _warehouse(path: Path, staging: Path, *, read_only: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
    """The scratch file with the staging file beside it, as dbt's compiled SQL names them."""
    with database.connect(path, read_only=read_only) as db:
        db.execute(f"attach {quoted(staging)} as raw (read_only)")
        yield db

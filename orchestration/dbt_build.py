"""Runs dbt in this process: reads the staging file, writes one scratch file of tested marts.

Every build writes a file of its own, so an interrupted one leaves nothing behind and a repeated one gives the same
marts. It starts from a copy of the last build where that is of the same program (orchestration/incremental.py), else
from nothing. A failed test fails the build, and nothing is published.
"""

from __future__ import annotations

import errno
import gc
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from common import database
from common.errors import StopError
from orchestration import dbt_lean, incremental, last_build, recorded
from orchestration.dbt_parse import PLAN, QUIET, arguments, close_connections, environment, parse, scratch
from orchestration.home import Home, quoted
from orchestration.recorded import OnNode

UNTESTED = ["--exclude-resource-type", "unit_test"]  # they test SQL, not data: `make test` runs them
SHOWN = 5  # failed checks in a message, and rows of each

EVERY_TENANT = "every tenant"


@dataclass
class Built:
    """A finished build: its scratch file and dbt's result for each node."""

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
    warned, failed = [], []
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
        elif status not in ("success", "pass", "skipped"):
            failed.append(result)
    if warned:
        with _warehouse(path, home.staging) as db:  # once: to open it takes as long as to read what a check warns of
            _warn(built, warned, db)
    if any("No space left" in str(result.message) for result in failed):
        raise OSError(errno.ENOSPC, "No space left for the build")
    if failed:
        with _warehouse(path, home.staging) as db:
            shown = [f"  {_reason(result, db)}" for result in failed[:SHOWN]]
            rows = {result.node.name: rows_by_tenant(result, db) for result in failed}
        more = f"\n  … and {len(failed) - SHOWN} more" if len(failed) > SHOWN else ""
        tenants = {result.node.unique_id: sorted(rows[result.node.name]) for result in failed}
        for node in built.nodes:
            node["blocks"] = (tenants[node["id"]] or [EVERY_TENANT]) if node["id"] in tenants else []
        raise BuildFailedError(
            f"{len(failed)} of dbt's checks failed, so nothing was published and readers keep the last build:\n"
            + "\n".join(shown)
            + more
            + f"\nThe scratch build stays until the next run, for inspection: {path}",
            built,
            _doubts(rows),
            by_tenant=bool(failed) and all(rows.values()),
        )
    if built.is_full:
        with _warehouse(path, home.staging, read_only=False) as db:
            last_build.write(db, program, recorded.record(results), results)
    _complete(path)
    built.path = path.rename(home.builds / f"build_{run_id}.duckdb")
    return built


def empty(home: Home, run_id: str) -> Built:
    """A build without marts, for a run in which no tenant has to be built."""
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
    """Run every seed, model and test into the scratch file; dbt's result for each. Raises StopError."""
    target = parse(home)
    with dbt_lean.loading():
        from dbt.cli.main import dbtRunner
        from dbt.contracts.graph.manifest import Manifest

        manifest = Manifest.from_msgpack((target / PLAN).read_bytes())
    try:
        with environment(scratch(home), home.staging), dbt_lean.building():
            runner = dbtRunner(manifest=manifest, callbacks=[Progress(on_node)])
            command = [*QUIET, "--no-write-json", "--use-fast-test-edges", "build", *UNTESTED, *arguments(home)]
            outcome = runner.invoke(command)
            close_connections()
    finally:
        gc.unfreeze()
    if outcome.exception is not None:
        raise StopError("Nothing was published", f"dbt could not run: {outcome.exception}")
    results = list(outcome.result or ())
    _check_contracts(scratch(home), [result.node for result in results if str(result.status) == "success"])
    return results


def _check_contracts(path: Path, nodes: list[Any]) -> None:
    """Compare the columns of each mart with its contract. Raises StopError, which names the columns that differ."""
    marts = [node for node in nodes if str(node.resource_type) == "model" and node.contract.enforced]
    declared = {
        (node.schema, node.name, column.name): column.data_type for node in marts for column in node.columns.values()
    }
    types = sorted(set(declared.values()))
    with database.connect(path, read_only=True) as db:
        names = db.execute(f"select {', '.join(f'typeof(cast(null as {type}))' for type in types)}").fetchone() or ()
        columns = "select schema_name, table_name, column_name, data_type from duckdb_columns()"
        built = {tuple(place): type for *place, type in db.execute(columns).fetchall()}
    type_of = dict(zip(types, names, strict=True))
    differing = [
        f"  {table}.{column} is {built.get((schema, table, column))}, its contract says {type}"
        for (schema, table, column), type in declared.items()
        if built.get((schema, table, column)) != type_of[type]
    ]
    if differing:
        raise StopError("Nothing was published", "\n".join(["a mart differs from its contract:", *differing]))


def _warn(built: Built, warned: list[Any], db: duckdb.DuckDBPyConnection) -> None:
    """Note what checks warn of, in all and by tenant."""
    for result in warned:
        built.warnings.append(warning_of(result, db))
        for tenant, (count, _) in rows_by_tenant(result, db).items():
            text = f"{result.node.name}: {count} rows of tenant {tenant}, as of the build of its file"
            built.tenant_warnings.setdefault(tenant, []).append(text)


def _reason(result: Any, db: duckdb.DuckDBPyConnection) -> str:
    """What failed and why; for a test, also the first rows that fail. `db` is the warehouse."""
    text = f"{result.node.name}: {(result.message or str(result.status)).strip()}"
    if result.node.resource_type != "test" or not result.failures:
        return text
    rows = db.sql(f"select * from ({result.node.compiled_code}) limit {SHOWN}")
    return "\n    ".join([text, *_shown(rows)])


def rows_by_tenant(result: Any, db: duckdb.DuckDBPyConnection) -> dict[str, tuple[int, list[str]]]:
    """The failing rows of a test by tenant: their number and the first of them as text.

    Empty where a row names no tenant, and where not a test failed but a model.
    """
    if result.node.resource_type != "test" or not result.failures:
        return {}
    failing = f"({result.node.compiled_code})"
    if "tenant_id" not in db.sql(f"select * from {failing} limit 0").columns:
        return {}
    counts = dict(db.execute(f"select tenant_id, count(*) from {failing} group by tenant_id").fetchall())
    if None in counts:
        return {}
    first = f"select * from {failing} where tenant_id = $tenant limit {SHOWN}"
    return {
        tenant: (count, _shown(db.sql(first, params={"tenant": tenant}))) for tenant, count in sorted(counts.items())
    }


def _doubts(rows: dict[str, dict[str, tuple[int, list[str]]]]) -> dict[str, str]:
    """By tenant: each failing test with the number of its rows, and the first of them."""
    texts: dict[str, list[str]] = {}
    for test, tenants in rows.items():
        for tenant, (count, shown) in tenants.items():
            title = f"{test}: {count:,} row{'s' * (count > 1)}"
            texts.setdefault(tenant, []).append("\n    ".join([title, *shown]))
    return {tenant: "\n  ".join(["A check of its data failed.", *lines]) for tenant, lines in texts.items()}


def _shown(rows: duckdb.DuckDBPyRelation) -> list[str]:
    """Rows as text, each value with the name of its column."""
    names = rows.columns
    return [", ".join(f"{name}={value}" for name, value in zip(names, row, strict=True)) for row in rows.fetchall()]


def warning_of(result: Any, db: duckdb.DuckDBPyConnection) -> str:
    """How many rows a test warns of.

    Where its `meta` names a column of amounts, also what they add up to and why; where it names a column of texts, the
    first of these.
    """
    text, meta = f"{result.node.name}: {result.failures} rows", result.node.config.meta
    if "text" in meta:
        return f"{result.node.name}: {_texts(result, meta['text'], db)}"
    if "amount" not in meta:
        return text
    sums = db.sql(
        f"""select tenant_id, currency, minor_units, sum({meta["amount"]})
        from ({result.node.compiled_code}) group by all order by all"""
    ).fetchall()
    amounts = [
        f"{Decimal(int(amount)) / minor_units:,.{len(str(minor_units)) - 1}f} {currency} of tenant {tenant}"
        for tenant, currency, minor_units, amount in sums
    ]
    return f"{text}, {' and '.join(amounts)}: {meta['because']}"


def _texts(result: Any, column: str, db: duckdb.DuckDBPyConnection) -> str:
    """The first texts in a column of a test's rows, and how many more there are."""
    rows = db.sql(f"select distinct {column} from ({result.node.compiled_code}) order by 1").fetchall()
    more = [f"and {len(rows) - SHOWN} more"] if len(rows) > SHOWN else []
    return "; ".join([*(text for (text,) in rows[:SHOWN]), *more])


@contextmanager
def _warehouse(path: Path, staging: Path, *, read_only: bool = True) -> Iterator[duckdb.DuckDBPyConnection]:
    """The scratch file with the staging file beside it, as dbt's compiled SQL names them."""
    with database.connect(path, read_only=read_only) as db:
        db.execute(f"attach {quoted(staging)} as raw (read_only)")
        yield db


class Progress:
    """Counts finished nodes from dbt's events."""

    def __init__(self, on_node: OnNode) -> None:
        self.on_node = on_node
        self.finished = 0

    def __call__(self, event: Any) -> None:
        if event.info.name in ("LogModelResult", "LogTestResult", "LogSeedResult"):
            self.finished += 1
            total = getattr(event.data, "total", 0) or getattr(event.data, "num_models", 0)
            self.on_node(self.finished, int(total), str(event.data.node_info.node_name))

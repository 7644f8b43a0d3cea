"""Builds the marts in PostgreSQL with dbt, from the raw schemas, into schemas of one prefix."""

from __future__ import annotations

from contextlib import nullcontext
from importlib.util import find_spec
from typing import Any

from psycopg import conninfo

from common.errors import ConfigurationError, StopError
from connectors.base import Progress
from connectors.postgres.connection import Connection
from orchestration import dbt_build, dbt_parse
from orchestration.checks import SHOWN, Ask
from orchestration.dbt_build import PASSED, Built
from orchestration.dbt_parse import PROJECT, QUIET, variables
from orchestration.home import Home
from orchestration.postgres import load
from orchestration.postgres.warehouse import LOADS, MARK, Warehouse, make_schema
from orchestration.recorded import OnNode
from orchestration.recording import UNTESTED

BUILD = "build_"
"""The prefix of the schemas of a build that is to be published: no reader may use them."""
LAYERS = ("seeds", "staging", "intermediate", "marts")
SESSION = "-c TimeZone=UTC -c work_mem=64MB -c jit=off -c enable_nestloop=off"
"""What libpq sets for dbt's sessions. Tables are joined by several columns of which one decides on the others (tenant,
account, order): the planner takes them for independent, expects one row instead of thousands, and would nest loops that
do not end. A query that runs once is not worth compiling."""
_VARIABLES = {
    "host": "TAKINGS_PG_HOST", "port": "TAKINGS_PG_PORT", "user": "TAKINGS_PG_USER",
    "password": "TAKINGS_PG_PASSWORD", "dbname": "TAKINGS_PG_DATABASE", "sslmode": "TAKINGS_PG_SSLMODE",
    "sslrootcert": "TAKINGS_PG_SSLROOTCERT",
}  # fmt: skip


def require_adapter() -> None:
    """Raise ConfigurationError where dbt's adapter for PostgreSQL is not installed."""
    if find_spec("dbt.adapters.postgres") is None:
        raise ConfigurationError(
            "dbt cannot speak to PostgreSQL",
            "the extra `postgres` of Takings is not installed",
            "Install it with `pip install 'takings[postgres]'`, or in a checkout with `make setup`",
        )


def build(warehouse: Warehouse, run_id: str, progress: Progress) -> Built:
    """Load what changed in staging, and build and test the marts of its tenants in the schemas `build_…`.

    Returns a build whose file has no marts. Raises BuildFailedError, or StopError where dbt cannot run, with the
    schemas left for inspection until the next build.
    """
    require_adapter()
    dbt_parse.parse(warehouse.home)
    built = dbt_build.empty(warehouse.home, run_id)
    with warehouse.writing() as db:
        load.load(warehouse.home.staging, db, progress)
        db.execute(f"create table if not exists {LOADS}.built (run text not null); truncate {LOADS}.built")
        results = run(warehouse, db, BUILD, lambda count, total, name: progress("build", count, total, name))
        dbt_build.judge(built, results, lambda: nullcontext(_asking(db)), f"schemas {BUILD}… of the database")
        db.execute(f"insert into {LOADS}.built values (%s)", [run_id])
    built.is_full = True
    return built


def finished(db: Connection) -> str | None:
    """The run whose finished build the database holds."""
    rows = db.execute(f"select run from {LOADS}.built").fetchall()
    return rows[0][0] if rows else None


def build_sound(warehouse: Warehouse, db: Connection, prefix: str, on_node: OnNode) -> None:
    """A build in which every check passes. Raises StopError, which names what failed."""
    results = run(warehouse, db, prefix, on_node)
    failed = [result for result in results if str(result.status) not in PASSED]
    if failed:
        shown = [f"  {result.node.name}: {(result.message or str(result.status)).strip()}" for result in failed[:SHOWN]]
        more = [f"  … and {len(failed) - SHOWN} more"] if len(failed) > SHOWN else []
        raise StopError("\n".join([f"{len(failed)} of dbt's checks failed in PostgreSQL:", *shown, *more]))


def run(warehouse: Warehouse, db: Connection, prefix: str, on_node: OnNode) -> list[Any]:
    """Run every seed, model and test into new schemas `<prefix><layer>`; dbt's result for each.

    The caller holds the writer's lock of the database. Raises StopError where dbt cannot run.
    """
    require_adapter()
    drop(db, prefix)
    for layer in LAYERS:
        make_schema(db, prefix + layer)
    from dbt.cli.main import dbtRunner

    home = warehouse.home
    command = [*QUIET, "--no-write-json", "build", *UNTESTED, "--target", "postgres", *_folders(home)]
    with variables(_variables(warehouse.uri, prefix)):
        outcome = dbtRunner(callbacks=[_Finished(on_node)]).invoke(command)
    db.execute("select 1")  # a server that ended is one message, and not one for each model
    if outcome.exception is not None:
        raise StopError("The build in PostgreSQL stopped", f"dbt could not run: {outcome.exception}")
    return list(outcome.result or ())


def drop(db: Connection, prefix: str) -> None:
    """Drop the schemas of an earlier build of this prefix, of our own alone."""
    for layer in LAYERS:
        (comment,) = db.execute(
            "select max(obj_description(oid, 'pg_namespace')) from pg_namespace where nspname = %s", [prefix + layer]
        ).fetchall()[0]
        if comment == MARK:
            db.execute(f"drop schema {prefix}{layer} cascade")


def _asking(db: Connection) -> Ask:
    def ask(query: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        answer = db.execute(query.encode())  # dbt's own SQL: nothing in it is a parameter
        return [column.name for column in answer.description or ()], answer.fetchall()

    return ask


def _folders(home: Home) -> list[str]:
    """Where dbt finds its project and writes its artefacts: apart from those of DuckDB, whose SQL is another."""
    return [
        "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT),
        "--target-path", str(home.dbt_target / "postgres"), "--log-path", str(home.logs),
    ]  # fmt: skip


def _variables(uri: str, prefix: str) -> dict[str, str]:
    """What dbt's profile reads."""
    parts = conninfo.conninfo_to_dict(uri)
    ours = {variable: str(parts[name]) for name, variable in _VARIABLES.items() if parts.get(name)}
    return ours | {"TAKINGS_PG_PREFIX": prefix, "PGOPTIONS": SESSION}


class _Finished:
    """Counts finished nodes from dbt's events."""

    def __init__(self, on_node: OnNode) -> None:
        self.on_node = on_node
        self.finished = 0

    def __call__(self, event: Any) -> None:
        if event.info.name in ("LogModelResult", "LogTestResult", "LogSeedResult"):
            self.finished += 1
            total = getattr(event.data, "total", 0) or getattr(event.data, "num_models", 0)
            self.on_node(self.finished, int(total), str(event.data.node_info.node_name))

"""Builds the marts in PostgreSQL with dbt, from the raw schemas, into schemas of one prefix."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from psycopg import conninfo

from common.errors import ConfigurationError, StopError
from connectors.postgres.connection import Connection
from orchestration.dbt_build import UNTESTED, Progress
from orchestration.dbt_parse import PROJECT, QUIET, variables
from orchestration.home import Home
from orchestration.postgres.warehouse import MARK, Warehouse, make_schema
from orchestration.recorded import OnNode

LAYERS = ("seeds", "staging", "intermediate", "marts")
SESSION = "-c TimeZone=UTC -c work_mem=64MB -c jit=off -c enable_nestloop=off"
"""What libpq sets for dbt's sessions. Tables are joined by several columns of which one decides on the others (tenant,
account, order): the planner takes them for independent, expects one row instead of thousands, and would nest loops that
do not end. A query that runs once is not worth compiling."""
SHOWN = 5
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


def build(warehouse: Warehouse, db: Connection, prefix: str, on_node: OnNode) -> list[Any]:
    """Run every seed, model and test into new schemas `<prefix><layer>`; dbt's result for each.

    The caller holds the writer's lock of the database. Raises StopError, which names what failed, with the schemas left
    for inspection until the next build of this prefix.
    """
    require_adapter()
    drop(db, prefix)
    for layer in LAYERS:
        make_schema(db, prefix + layer)
    from dbt.cli.main import dbtRunner

    home = warehouse.home
    command = [*QUIET, "--no-write-json", "build", *UNTESTED, "--target", "postgres", *_folders(home)]
    with variables(_variables(warehouse.uri, prefix)):
        outcome = dbtRunner(callbacks=[Progress(on_node)]).invoke(command)
    if outcome.exception is not None:
        raise StopError("The build in PostgreSQL stopped", f"dbt could not run: {outcome.exception}")
    results = list(outcome.result or ())
    failed = [result for result in results if str(result.status) not in ("success", "pass", "warn", "skipped")]
    if failed:
        shown = [f"  {result.node.name}: {(result.message or str(result.status)).strip()}" for result in failed[:SHOWN]]
        more = [f"  … and {len(failed) - SHOWN} more"] if len(failed) > SHOWN else []
        raise StopError("\n".join([f"{len(failed)} of dbt's checks failed in PostgreSQL:", *shown, *more]))
    return results


def drop(db: Connection, prefix: str) -> None:
    """Drop the schemas of an earlier build of this prefix, of our own alone."""
    for layer in LAYERS:
        (comment,) = db.execute(
            "select max(obj_description(oid, 'pg_namespace')) from pg_namespace where nspname = %s", [prefix + layer]
        ).fetchall()[0]
        if comment == MARK:
            db.execute(f"drop schema {prefix}{layer} cascade")


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

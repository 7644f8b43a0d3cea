"""The last build, kept for the next one: its tables, what dbt executed for them, and what staging held then.

    builds/last_….duckdb    every table of the build; schema `last_build`: program, tenants, nodes, contents

It is never changed: an incremental build starts from a copy. What staging held is kept as a sum of hashes of rows by
bucket (orchestration/units.py), so what changed since is found by content, whoever wrote it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from common import database
from orchestration import dbt_parse, units
from orchestration.home import Home
from orchestration.recorded import Node

Program = dict[str, str]
"""What makes marts of rows: by the name of a part, its version or hash."""
SCHEMA = "last_build"
RETAINED = 2  # each of other tenants
CODE = ("incremental.py", "last_build.py", "recorded.py", "unit_rows.py", "units.py")
"""The modules whose change makes a last build one of another program."""


def write(
    db: duckdb.DuckDBPyConnection,
    program: Program,
    nodes: Sequence[Node],
    results: Iterable[Any],
    known_contents: str | None = None,
) -> None:
    """Write into the build that `db` has open, beside staging as `raw`, what the next build needs to know of it."""
    source = f"select * from {known_contents}" if known_contents else contents(db, sources(nodes))
    db.execute(f"create schema if not exists {SCHEMA}")
    db.execute(f"create or replace table {SCHEMA}.contents as {source}")
    texts = [
        (json.dumps(node), json.dumps([str(result.status), result.failures, result.message]))
        for node, result in zip(nodes, results, strict=True)
    ]
    db.execute(  # not a table of Arrow, which imports pandas where it is installed
        f"create or replace table {SCHEMA}.nodes as "
        "select unnest(range(len($1))) as place, unnest($1::varchar[]) as node, unnest($2::varchar[]) as outcome",
        [[node for node, _ in texts], [outcome for _, outcome in texts]],
    )
    db.execute(f"create or replace table {SCHEMA}.tenants as select tenant_id from raw.takings.tenants")
    db.execute(f"create or replace table {SCHEMA}.program (part varchar, value varchar)")
    db.executemany(f"insert into {SCHEMA}.program values (?, ?)", list(program.items()))


def read(path: Path) -> tuple[Program, list[Node], dict[str, tuple[str, int | None, str | None]]]:
    """What made the last build, its nodes, and the result of each by its id. Raises duckdb.Error."""
    with database.attached(path) as db:
        program = dict(db.execute(f"select part, value from {SCHEMA}.program").fetchall())
        rows = db.execute(f"select node, outcome from {SCHEMA}.nodes order by place").fetchall()
    nodes = [json.loads(node) for node, _ in rows]
    outcomes = [json.loads(outcome) for _, outcome in rows]
    return (
        program,
        nodes,
        {node["unique_id"]: tuple(outcome) for node, outcome in zip(nodes, outcomes, strict=True)},
    )


def program() -> Program:
    """What makes marts of rows now: the last build of another program is not used."""
    code = hashlib.sha256(dbt_parse.fingerprint().encode())
    for name in CODE:
        code.update(Path(__file__).with_name(name).read_bytes())
    return {
        "a model's SQL": dbt_parse.hash_of_files(dbt_parse.PROJECT, dbt_parse.PARTS),
        "the definition of a metric": dbt_parse.hash_of_files(dbt_parse.METRICS, dbt_parse.PARTS),
        "the version of Takings": version("takings"),
        "the version of DuckDB": duckdb.__version__,
        "the program of builds": code.hexdigest(),
    }


def difference(one: Program, other: Program) -> str:
    """Why a build of one program cannot be continued by the other: the first part that differs."""
    return next(f"{part} changed" for part in other if other[part] != one.get(part))


def path(home: Home, tenants: Iterable[str]) -> Path:
    """The file of the last published build of exactly these tenants, from which the next one starts."""
    names = hashlib.sha256(repr(sorted(tenants)).encode()).hexdigest()[:16]
    return home.builds / f"last_{names}.duckdb"


def keep(home: Home, build: Path) -> None:
    """Make a published build the last one of its tenants, and remove the oldest where more than two would stay."""
    if tenants := _tenants(build):
        build.replace(path(home, tenants))
        files = sorted(home.builds.glob("last_*.duckdb"), key=lambda file: file.stat().st_mtime)
        for file in files[:-RETAINED]:
            file.unlink()
    else:
        build.unlink(missing_ok=True)


def tenants_of(staging: Path) -> list[str]:
    """The tenants that a build of this staging has."""
    with database.attached(staging) as db:
        return [tenant for (tenant,) in db.execute("select tenant_id from takings.tenants order by 1").fetchall()]


def _tenants(path: Path) -> list[str]:
    """The tenants of a build; none where it has no marts."""
    with database.attached(path) as db:
        ((name,),) = db.execute("select current_database()").fetchall()
        if not columns_of(db, name, SCHEMA, "tenants"):
            return []
        return [tenant for (tenant,) in db.execute(f"select tenant_id from {SCHEMA}.tenants").fetchall()]


def sources(nodes: Iterable[Node]) -> list[str]:
    """The staging tables that the nodes read, as schema.table."""
    names = {name for node in nodes for name in node["depends_on"] if name.startswith("source.")}
    return sorted(table_of(name) for name in names)


def table_of(source: str) -> str:
    """The staging table of a source's id in dbt."""
    return ".".join(source.split(".")[-2:])


def contents(db: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> str:
    """SQL: relation, bucket, rows and sum of the hashes of the rows, of each staging table."""
    return " union all ".join(_contents(db, table) for table in tables)


def _contents(db: duckdb.DuckDBPyConnection, table: str) -> str:
    schema, name = table.split(".")
    columns = columns_of(db, "raw", schema, name)
    rows, bucket = units.source_rows(table)
    return (
        f"select '{table}' as relation, {bucket} as bucket, count(*) as rows, "
        f"sum({row_hash('t', columns)}) as hash from {rows} group by {bucket}"
    )


def row_hash(alias: str, columns: Iterable[str]) -> str:
    """SQL: the hash of a row."""
    return f"hash({', '.join(f'{alias}.{name}' for name in columns)})"


def columns_of(db: duckdb.DuckDBPyConnection, database: str, schema: str, table: str) -> list[str]:
    """The columns of a table, in their order; none where it does not exist.

    DuckDB's own list of columns is of all databases: it takes ten milliseconds to look one table up.
    """
    try:
        rows = db.execute(f'select * from "{database}"."{schema}"."{table}" limit 0')
    except duckdb.CatalogException:
        return []
    return [name for name, *_ in rows.description or ()]

"""Loads what changed in staging since the last load into the schemas raw_<source> of a PostgreSQL database.

A row belongs to one of BUCKETS by the hash of its key. The database remembers of each table, tenant and bucket how many
rows it holds and the sum of their hashes. Staging is compared with that, so a change is found by content, whoever wrote
or deleted the row and however long ago; the rows of a bucket that differs are replaced. All tables change in one
transaction: a load that ends early changes nothing, and the next one finds the same differences.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
from psycopg import sql

from common import database
from connectors.base import Progress, no_progress
from connectors.postgres.connection import Connection
from connectors.registry import STREAMS
from connectors.sync.contents import NOT_BUILT
from orchestration.home import quoted
from orchestration.postgres.warehouse import LOADS, RAW, make_schema

BUCKETS = 4_096
BUCKET = "takings_bucket"
"""The column of a loaded table that says to which bucket a row belongs."""
EVERYBODY = ""
"""In place of the tenant in a table that has none."""
CHUNK = 1 << 20  # bytes

CONTROL_TABLES = f"""
create table if not exists {LOADS}.tables (name text primary key, definition text not null);
create table if not exists {LOADS}.buckets (
    name text, tenant_id text, bucket smallint, rows bigint not null, hash numeric(38, 0) not null,
    primary key (name, tenant_id, bucket));
"""
_TYPES = {
    "VARCHAR": "text", "BIGINT": "bigint", "INTEGER": "integer", "BOOLEAN": "boolean", "DATE": "date",
    "TIMESTAMP": "timestamp", "DOUBLE": "double precision",
}  # fmt: skip


@dataclass(frozen=True)
class Loaded:
    """What a load did: rows that were deleted and written, by table; tables without a difference are left out."""

    deleted: dict[str, int]
    written: dict[str, int]


@dataclass(frozen=True)
class _Table:
    """A staging table: its columns with DuckDB's types, and the columns that say to which bucket a row belongs."""

    name: str
    columns: dict[str, str]
    key: tuple[str, ...]

    @property
    def target(self) -> str:
        return RAW + self.name

    @property
    def tenant(self) -> str:
        """SQL: the tenant of a row."""
        return "tenant_id" if "tenant_id" in self.columns else f"'{EVERYBODY}'"

    @property
    def bucket(self) -> str:
        """SQL for DuckDB: the bucket of a row."""
        return f"cast(hash({', '.join(self.key)}) % {BUCKETS} as smallint)" if self.key else "cast(0 as smallint)"

    @property
    def definition(self) -> str:
        """Changes with everything on which stored rows and their hashes depend."""
        text = repr((self.columns, self.key, BUCKETS, duckdb.__version__))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def create(self) -> str:
        columns = ", ".join(f"{name} {_type(kind)}" for name, kind in self.columns.items())
        return f"create table {self.target} ({columns}, {BUCKET} smallint not null)"

    def index(self) -> str:
        by = f"tenant_id, {BUCKET}" if "tenant_id" in self.columns else BUCKET
        return f"create index on {self.target} ({by})"


def load(staging: Path, db: Connection, progress: Progress = no_progress) -> Loaded:
    """Bring the raw schemas to what staging holds.

    The caller holds the writer's locks of both. Raises psycopg.Error, with nothing changed.
    """
    result = Loaded({}, {})
    with database.connect() as local, tempfile.TemporaryDirectory(prefix="takings-load-") as folder, db.transaction():
        local.execute("set TimeZone = 'UTC'; set preserve_insertion_order = false; set enable_progress_bar = false")
        local.execute(f"attach {quoted(staging)} as staging (read_only)")
        local.execute("use staging")
        tables = list(_tables(local))
        for schema in sorted({table.target.partition(".")[0] for table in tables}):
            make_schema(db, schema)
        db.execute(CONTROL_TABLES)
        _drop_others(db, tables)
        for number, table in enumerate(tables, start=1):
            deleted, written = _load(local, db, table, Path(folder))
            if deleted:
                result.deleted[table.name] = deleted
            if written:
                result.written[table.name] = written
            progress("load", number, len(tables), f"{table.name}: {written:,} rows")
    for name in result.written:
        db.execute(f"analyze {RAW}{name}")
    return result


def _tables(local: duckdb.DuckDBPyConnection) -> Iterator[_Table]:
    """Every staging table that a model may read."""
    keys = {
        f"{source}.{table.name}": ("source_account", *table.key)
        for source, streams in STREAMS.items()
        for stream in streams
        for table in stream.tables
    }
    columns: dict[str, dict[str, str]] = {}
    for name, column, kind in local.execute(
        "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns() "
        "where database_name = 'staging' order by schema_name, table_name, column_index"
    ).fetchall():
        columns.setdefault(name, {})[column] = kind
    yield from (_Table(name, types, keys.get(name, ())) for name, types in columns.items() if name not in NOT_BUILT)


def _drop_others(db: Connection, tables: Sequence[_Table]) -> None:
    """Drop what is loaded of a table that staging no longer has, or has in another form: it is loaded whole again."""
    current = {table.name: table.definition for table in tables}
    for name, definition in db.execute(f"select name, definition from {LOADS}.tables").fetchall():
        if current.get(name) != definition:
            db.execute(f"drop table if exists {RAW}{name} cascade")
            db.execute(f"delete from {LOADS}.buckets where name = %s", [name])
            db.execute(f"delete from {LOADS}.tables where name = %s", [name])


def _load(local: duckdb.DuckDBPyConnection, db: Connection, table: _Table, folder: Path) -> tuple[int, int]:
    """Replace the rows of the buckets that differ; returns how many were deleted and written."""
    is_new = not db.execute(f"select 1 from {LOADS}.tables where name = %s", [table.name]).fetchall()
    if is_new:
        db.execute(table.create())
        db.execute(f"insert into {LOADS}.tables values (%s, %s)", [table.name, table.definition])
    stored = {
        (tenant, bucket): (rows, int(total))
        for tenant, bucket, rows, total in db.execute(
            f"select tenant_id, bucket, rows, hash from {LOADS}.buckets where name = %s", [table.name]
        ).fetchall()
    }
    now = {
        (tenant, bucket): (rows, int(total))
        for tenant, bucket, rows, total in local.execute(
            f"select {table.tenant}, {table.bucket}, count(*), sum(hash({', '.join(table.columns)})::hugeint) "
            f"from {table.name} group by 1, 2"
        ).fetchall()
    }
    differing = [bucket for bucket in {**stored, **now} if stored.get(bucket) != now.get(bucket)]
    deleted = _delete(db, table, differing) if stored and differing else 0
    written = _write(local, db, table, differing, folder) if now and differing else 0
    if is_new:
        db.execute(table.index())  # after the rows: quicker than one by one
    with db.cursor() as cursor:
        cursor.executemany(
            f"delete from {LOADS}.buckets where name = %s and tenant_id = %s and bucket = %s",
            [(table.name, *bucket) for bucket in differing if bucket in stored],
        )
        with cursor.copy(f"copy {LOADS}.buckets from stdin") as rows:
            for bucket in differing:
                if bucket in now:
                    rows.write_row((table.name, *bucket, *now[bucket]))
    return deleted, written


def _delete(db: Connection, table: _Table, differing: Sequence[tuple[str, int]]) -> int:
    """Delete the rows of these buckets; returns how many there were."""
    db.execute("create temp table if not exists differing (tenant_id text, bucket smallint)")
    db.execute("truncate differing")
    with db.cursor() as cursor, cursor.copy("copy differing from stdin") as rows:
        for bucket in differing:
            rows.write_row(bucket)
    same = "t.tenant_id = d.tenant_id and " if "tenant_id" in table.columns else ""
    return db.execute(
        f"delete from {table.target} as t using differing as d where {same}t.{BUCKET} = d.bucket"
    ).rowcount


def _write(
    local: duckdb.DuckDBPyConnection,
    db: Connection,
    table: _Table,
    differing: Sequence[tuple[str, int]],
    folder: Path,
) -> int:
    """Copy the rows of these buckets; returns how many there are.

    A text cannot hold U+0000 in PostgreSQL: U+FFFD takes its place.
    """
    import pyarrow as pa

    path = folder / "rows.csv"
    listed = ", ".join(
        f"replace({name}, chr(0), '\ufffd') as {name}" if kind == "VARCHAR" else name
        for name, kind in table.columns.items()
    )
    tenants, buckets = zip(*differing, strict=True)
    buckets_of_tenants = pa.table(
        [pa.array(tenants, pa.string()), pa.array(buckets, pa.int16())], ["of_tenant", "of_bucket"]
    )
    local.register("differing", buckets_of_tenants)
    ((count,),) = local.execute(
        f"copy (select {listed}, {table.bucket} as {BUCKET} from {table.name} as t semi join differing as d "
        f"on {table.tenant} = d.of_tenant and {table.bucket} = d.of_bucket) "
        f"to {quoted(path)} (format csv, header false, force_quote *)"
    ).fetchall()
    local.unregister("differing")
    columns = sql.SQL(", ").join(map(sql.Identifier, (*table.columns, BUCKET)))
    with db.cursor() as cursor, path.open("rb") as rows:
        statement = sql.SQL("copy {} ({}) from stdin (format csv)").format(sql.SQL(table.target), columns)
        with cursor.copy(statement) as target:
            while chunk := rows.read(CHUNK):
                target.write(chunk)
    path.unlink()
    return int(count)


def _type(kind: str) -> str:
    """PostgreSQL's name of a type of a staging table."""
    return _TYPES.get(kind) or kind.replace("DECIMAL", "numeric").lower()

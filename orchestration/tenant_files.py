"""The files of one publish: a tenant's rows that were built, the last file of an unchanged or a blocked tenant, and the
administrators' views."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path

import duckdb

from common import database
from orchestration.blocked import Blocked
from orchestration.home import quoted
from orchestration.unchanged import State
from semantic import duckdb_files
from semantic.digest.fill import follow
from semantic.subject import Subject
from semantic.warehouse import Build

Columns = Mapping[str, list[str]]
"""The columns of each mart."""


def write(
    db: duckdb.DuckDBPyConnection, source: str, path: Path, marts: Columns, condition: str, now: datetime
) -> None:
    """Write a new file with the rows of each mart, which nobody reads until all is written.

    So each table goes to the file at once, without a log: in one transaction all of them would have to be kept.
    """
    db.execute(f"attach {quoted(path)} as target (recovery_mode no_wal_writes)")
    db.execute("create schema target.marts")
    for mart, columns in marts.items():
        order = [name for name in ("date_day", "cohort_month", "order_id") if name in columns]
        where = condition if "tenant_id" in columns else "true"
        sort = f" order by {', '.join(order)}" if order else ""
        stamped = f" replace (timestamp '{now:%Y-%m-%d %H:%M:%S}' as published_at)" if mart == "build_info" else ""
        rows = f"select *{stamped} from {source}.marts.{mart} where {where}{sort}"
        db.execute(f"create table target.marts.{mart} as {rows}")
    db.execute("checkpoint target")
    db.execute("detach target")


def link(last: Path, path: Path) -> None:
    """Keep a file of the last build."""
    try:
        os.link((last / path.name).resolve(), path)
    except OSError:  # a file system without hard links
        shutil.copyfile(last / path.name, path)


def copy(last: Path, path: Path) -> duckdb.DuckDBPyConnection:
    """Copy a file of the last build and open the copy."""
    shutil.copyfile(last / path.name, path)
    return database.connect(path, threads=1)


def move(db: duckdb.DuckDBPyConnection, build: Build, subject: Subject, state: State, scratch: Path) -> None:
    """Write into the copy of an unchanged tenant's file, which `db` has open as `build`, up to when its sources were
    read.

    A tenant that was blocked is so no more. `scratch` is the finished build.
    """
    db.execute("set enable_progress_bar = false")
    db.execute(f"attach {quoted(scratch)} as scratch (read_only)")
    db.execute("update marts.build_info set as_of = ?, blocked_since = null, blocked_reason = null", [state.as_of])
    db.execute(
        """update marts.spend set as_of = newer.as_of from scratch.takings.days_read as newer
        where spend.tenant_id = newer.tenant_id and spend.source = newer.source
            and spend.source_account = newer.source_account and spend.date_day = newer.date_day
            and spend.as_of is distinct from newer.as_of"""
    )
    follow(build, subject)
    db.execute("checkpoint")


def retain(
    db: duckdb.DuckDBPyConnection, source: str, last: Path, path: Path, marts: Columns, block: Blocked, now: datetime
) -> None:
    """Keep a blocked tenant's last file, and say in it since when and why.

    A tenant that was never published gets the tables without rows.
    """
    if exists := (last / path.name).exists():
        shutil.copyfile(last / path.name, path)
    else:
        write(db, source, path, marts, "false", now)
    db.execute(f"attach {quoted(path)} as retained")
    for column, kind in (("blocked_since", "timestamp"), ("blocked_reason", "varchar")):
        db.execute(f"alter table retained.marts.build_info add column if not exists {column} {kind}")
    if not exists:
        db.execute("insert into retained.marts.build_info (tenant_id) values (?)", [block.tenant_id])
    db.execute(
        "update retained.marts.build_info set blocked_since = coalesce(blocked_since, ?), blocked_reason = ?",
        [now.replace(tzinfo=None, microsecond=0), block.reason],
    )
    db.execute("checkpoint retained")
    db.execute("detach retained")


def write_views(partial: Path, marts: Columns, sound: Collection[str]) -> None:
    """Write the administrators' file: a view for each mart over the files of the tenants.

    Rows of an older version of Takings, whose tables differ from those of the `sound` files, are not in it.
    """
    with database.connect(partial / duckdb_files.EVERY) as db:
        files = duckdb_files.attach_tenants(db, partial)
        tables = _tables(db)
        usual = next(tables[name] for name in files if name in sound)
        alike = [name for name in files if tables[name] == usual]
        db.execute("create schema marts")
        for mart, columns in marts.items():
            union = " union all by name " if "tenant_id" in columns else " union by name "
            names = files if mart == "build_info" else alike
            parts = union.join(f'select * from "{name}".marts.{mart}' for name in names)
            db.execute(f"create view marts.{mart} as {parts}")


def columns(db: duckdb.DuckDBPyConnection, database: str) -> Columns:
    return dict(db.execute(
        "select table_name, list(column_name order by column_index) from duckdb_columns() where database_name = ? and "
        "schema_name = 'marts' group by all order by all", [database],
    ).fetchall())  # fmt: skip


def _tables(db: duckdb.DuckDBPyConnection) -> dict[str, set[tuple[str, str, str]]]:
    """Every column of each attached file's marts, with its type."""
    tables: dict[str, set[tuple[str, str, str]]] = {}
    for file, *column in db.execute(
        "select database_name, table_name, column_name, data_type from duckdb_columns() where schema_name = 'marts'"
    ).fetchall():
        tables.setdefault(file, set()).add(tuple(column))
    return tables

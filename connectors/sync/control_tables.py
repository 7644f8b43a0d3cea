"""What staging keeps about itself: cursors, rejects, days read, and what dbt reads of the configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb

from connectors.base import Account, Stream

SCOPE = ("tenant_id", "source_account")
"""The account that a staging row belongs to."""
LINEAGE = ("run_id", "landing_part")
"""The run and the landed part that wrote a staging row."""
OF_STREAM = "tenant_id = ? and source = ? and source_account = ? and stream = ?"

CONTROL_TABLES = """
create schema if not exists takings;
create table if not exists takings.cursors (
    tenant_id varchar, source varchar, source_account varchar, stream varchar, loaded_until timestamp,
    window_id varchar, run_id varchar, loaded_at timestamp, reading varchar);
alter table takings.cursors add column if not exists reading varchar;
create table if not exists takings.rejects (
    tenant_id varchar, source varchar, source_account varchar, stream varchar, table_name varchar, row_key varchar,
    reason varchar, run_id varchar, landing_part varchar, rejected_at timestamp);
create table if not exists takings.accounts (tenant_id varchar, source varchar, source_account varchar);
create table if not exists takings.targets (tenant_id varchar, metric varchar, target decimal(20, 6));
create table if not exists takings.channels (tenant_id varchar, source_name varchar, channel varchar);
create table if not exists takings.tenants (
    tenant_id varchar, tenant_name varchar, time_zone varchar, currency varchar, inactive_after_days integer);
alter table takings.tenants add column if not exists inactive_after_days integer;
create table if not exists takings.runs (run_id varchar, started_at timestamp);
create table if not exists takings.days_read (
    tenant_id varchar, source varchar, source_account varchar, stream varchar, day date, as_of timestamp,
    run_id varchar);
create table if not exists takings.failed_pulls (
    tenant_id varchar, source varchar, source_account varchar, reason varchar, failed_at timestamp);
create table if not exists takings.exchange_rates (
    rate_day date, from_currency varchar, to_currency varchar, rate decimal(20, 12));
"""


@dataclass(frozen=True)
class Configuration:
    """What dbt reads of the configuration: a field per table, its rows by column, all rows with the same columns."""

    tenants: Sequence[Mapping[str, object]]
    targets: Sequence[Mapping[str, object]]
    channels: Sequence[Mapping[str, object]]
    accounts: Sequence[Mapping[str, object]]
    exchange_rates: Sequence[Mapping[str, object]]


def record_configuration(db: duckdb.DuckDBPyConnection, configuration: Configuration, run_id: str) -> None:
    """Replace what dbt reads of the configuration and of the run, inside the caller's transaction."""
    run = {"run_id": run_id, "started_at": utc_now()}
    tables = {**vars(configuration), "runs": [run]}
    for name in tables:
        db.execute(f"delete from takings.{name}")
    for name, rows in tables.items():
        if rows:
            columns = ", ".join(rows[0])
            places = ", ".join("?" * len(rows[0]))
            db.executemany(
                f"insert into takings.{name} ({columns}) values ({places})", [[*row.values()] for row in rows]
            )


def record_pull(db: duckdb.DuckDBPyConnection, account: Account, reason: str | None) -> None:
    """Remember that the account's last pull failed, and why; without a reason, that it succeeded.

    Inside the caller's transaction. The time of a failure is that of the first of several in a row.
    """
    scope = [account.tenant_id, account.source, account.account]
    where = "tenant_id = ? and source = ? and source_account = ?"
    rows = db.execute(f"delete from takings.failed_pulls where {where} returning failed_at", scope).fetchall()
    if reason is not None:
        failed_at = rows[0][0] if rows else utc_now()
        db.execute("insert into takings.failed_pulls values (?, ?, ?, ?, ?)", [*scope, reason, failed_at])


def failed_pulls(db: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str, str, datetime]]:
    """Accounts whose last pull failed: (tenant, source, account, reason, since when)."""
    rows: list[tuple[str, str, str, str, datetime]] = db.execute(
        "select * from takings.failed_pulls order by all"
    ).fetchall()
    return rows


def pulled_accounts(db: duckdb.DuckDBPyConnection) -> set[tuple[str, str, str]]:
    """Accounts with a cursor, by (tenant, source, account)."""
    return set(db.execute("select distinct tenant_id, source, source_account from takings.cursors").fetchall())


def readings(db: duckdb.DuckDBPyConnection) -> list[tuple[str, str, str, str, str | None]]:
    """How the rows of each stream were read: (tenant, source, account, stream, Stream.reading or None)."""
    rows: list[tuple[str, str, str, str, str | None]] = db.execute(
        "select tenant_id, source, source_account, stream, reading from takings.cursors order by all"
    ).fetchall()
    return rows


def parts(db: duckdb.DuckDBPyConnection, account: Account, stream: Stream) -> list[str]:
    """The landed files that the account's rows of a stream came from."""
    of_account = "where tenant_id = ? and source_account = ?"
    tables = " union ".join(
        f"select landing_part from {account.source}.{table.name} {of_account}" for table in stream.tables
    )
    values = [account.tenant_id, account.account] * len(stream.tables)
    return [part for (part,) in db.execute(f"{tables} order by all", values).fetchall()]


def forget_stream(db: duckdb.DuckDBPyConnection, account: Account, stream: Stream) -> None:
    """Delete everything that staging holds of one stream of an account, inside the caller's transaction."""
    for table in stream.tables:
        db.execute(
            f"delete from {account.source}.{table.name} where tenant_id = ? and source_account = ?",
            [account.tenant_id, account.account],
        )
    for name in ("cursors", "rejects", "days_read"):
        db.execute(f"delete from takings.{name} where {OF_STREAM}", of_stream(account, stream.name))


def has_rejects(db: duckdb.DuckDBPyConnection, account: Account, stream: str) -> bool:
    """Whether a row of one stream of an account is rejected."""
    sql = f"select 1 from takings.rejects where {OF_STREAM} limit 1"
    return db.execute(sql, of_stream(account, stream)).fetchone() is not None


def rejects(db: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """All rejected rows, newest first."""
    result = db.execute("select * from takings.rejects order by rejected_at desc, table_name, row_key")
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def of_stream(account: Account, stream: str) -> list[str]:
    """The values for OF_STREAM."""
    return [account.tenant_id, account.source, account.account, stream]


def utc_now() -> datetime:
    """Now, as timestamps without a zone are stored: UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


def rows_changed(db: duckdb.DuckDBPyConnection, sql: str, values: list[Any]) -> int:
    """The number of rows that a statement changed."""
    row = db.execute(sql, values).fetchone()
    return int(row[0]) if row else 0

"""What staging holds of each tenant, as hashes: equal rows have equal hashes, whichever run wrote them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

import duckdb

from connectors.base import Stream

CHATS = ("chat_sessions", "chat_messages")
NOT_BUILT = {"files.files_read"}
"""Tables of a connector alone, which no model reads."""
Sources = Mapping[str, Iterable[Stream]]
Parts = dict[str, list[object]]
"""By tenant, what is hashed."""
Reach = tuple[str, str, str, str, datetime | None]
"""(tenant, source, source_account, stream, until when it was read in UTC)"""


@dataclass(frozen=True)
class Contents:
    """What is stored, by tenant: hashes of its rows and of when its days were read, and the tenants with a chat."""

    rows: dict[str, str]
    days_read: dict[str, str]
    reaches: list[Reach]
    with_chats: set[str]


def of(db: duckdb.DuckDBPyConnection, sources: Sources) -> Contents:
    """What is stored in the tables of these sources."""
    return Contents(rows(db, sources), days_read(db), reaches(db), with_chats(db, sources))


def rows(db: duckdb.DuckDBPyConnection, sources: Sources) -> dict[str, str]:
    """A hash of the rows of each tenant: those of its sources, the rejected ones, and which days were read.

    The run and the landed part that wrote a row do not count, nor when a day was read.
    """
    parts: Parts = {}
    empty = _empty(db)
    for table, columns in _tables(sources):
        if table not in empty:
            _add(db, parts, table, columns)
    _add(db, parts, "takings.rejects", ("source", "source_account", "stream", "table_name", "row_key", "reason"))
    _add(db, parts, "takings.days_read", ("source", "source_account", "stream", "day"))
    return {tenant: digest(values) for tenant, values in parts.items()}


def reaches(db: duckdb.DuckDBPyConnection) -> list[Reach]:
    """Until when each stream of each account was read."""
    result: list[Reach] = db.execute(
        "select tenant_id, source, source_account, stream, loaded_until from takings.cursors order by all"
    ).fetchall()
    return result


def days_read(db: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """A hash of when each day of each tenant was read last."""
    parts: Parts = {}
    _add(db, parts, "takings.days_read", ("source", "source_account", "stream", "day", "as_of"))
    return {tenant: digest(values) for tenant, values in parts.items()}


def with_chats(db: duckdb.DuckDBPyConnection, sources: Sources) -> set[str]:
    """The tenants that have a chat."""
    tables = [table for table, _ in _tables(sources) if table.partition(".")[2] in CHATS]
    answer = db.execute(" union ".join(f"select tenant_id from {table}" for table in tables)).fetchall()
    return {tenant for (tenant,) in answer}


def digest(value: object) -> str:
    """A hash of a value by its text."""
    return hashlib.sha256(repr(value).encode()).hexdigest()


def _tables(sources: Sources) -> Iterator[tuple[str, tuple[str, ...]]]:
    for source, streams in sources.items():
        for table in {table.name: table for stream in streams for table in stream.tables}.values():
            if (name := f"{source}.{table.name}") not in NOT_BUILT:
                yield name, ("source_account", *(column.name for column in table.columns))


def _empty(db: duckdb.DuckDBPyConnection) -> set[str]:
    """The tables that never had a row: to hash the rows of none takes a millisecond, and most sources have none."""
    rows = db.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where database_name = current_database() "
        "and estimated_size = 0"
    ).fetchall()
    return {table for (table,) in rows}


def _add(db: duckdb.DuckDBPyConnection, parts: Parts, table: str, columns: Iterable[str]) -> None:
    """Add the number of the table's rows of each tenant, and the sum and the exclusive or of their hashes."""
    row = f"hash({', '.join(columns)})"
    answer = db.execute(
        f"select tenant_id, count(*), sum({row}::hugeint), bit_xor({row}) from {table} group by tenant_id"
    ).fetchall()
    for tenant, *numbers in answer:
        parts.setdefault(tenant, []).append((table, *numbers))

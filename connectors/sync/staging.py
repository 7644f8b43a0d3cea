"""Typed staging tables on DuckDB, filled by SQL from landed windows; data and cursor commit together.

A first load goes straight into the tables; whatever comes later, or is not clean, is merged (merging.py).
A row that cannot be typed goes to `takings.rejects` with its reason and its place, and the rest goes on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from connectors.base import Account, Stream, Table, iso
from connectors.errors import ConfigurationError, ContractError, IncompleteError, RetryError
from connectors.sync.casts import read, sql_type, strict_cast
from connectors.sync.control_tables import BOOKKEEPING
from connectors.sync.landing import LandedWindow
from connectors.sync.merge import LINEAGE, SCOPE, Merge, of_stream, run

ROWS_IN_A_GROUP = 30_720  # a quarter of DuckDB's default: fewer half-full groups that a commit has to write anew


_Into = Callable[[Account, Stream, str], tuple[int, int]]


class _NotCleanError(Exception):
    """A first load met a row that has to be looked at by itself."""


class Staging:
    """The one writer of the staging file. Use as a context manager; close it before anybody else opens the file."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._one_at_a_time, self._owner = threading.RLock(), True
        self.db = _open(path)
        self.db.execute("set preserve_insertion_order = false")
        self._settle()
        self.db.execute(BOOKKEEPING)

    def _settle(self) -> None:
        """What each connection has for itself."""
        self.db.execute("use staging_file")
        self.db.execute("set TimeZone = 'UTC'")
        self.db.execute("set enable_progress_bar = false")

    def beside(self) -> Staging:
        """The same open file for another thread: a connection of its own; transactions still come one at a time.

        Close it before this one.
        """
        other = object.__new__(Staging)
        other.path, other._one_at_a_time, other._owner = self.path, self._one_at_a_time, False
        other.db = self.db.cursor()
        other._settle()
        return other

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write everything into the file itself (no .wal stays) and let go of it."""
        if self._owner:
            self.db.execute("checkpoint")
        self.db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and no other at the same time."""
        with self._one_at_a_time:
            self.db.execute("begin")
            try:
                yield
            except BaseException:
                self.db.execute("rollback")
                raise
            self.db.execute("commit")

    def prepare(self, source: str, streams: tuple[Stream, ...]) -> None:
        """Create the source's tables; a column that is new is added to the table that lacks it."""
        with self.transaction():
            self.db.execute(f"create schema if not exists {source}")
            for table in (table for stream in streams for table in stream.tables):
                columns = [f"{name} varchar" for name in (*SCOPE, *LINEAGE)]
                columns += [f"{column.name} {sql_type(column)}" for column in table.columns]
                self.db.execute(f"create table if not exists {source}.{table.name} ({', '.join(columns)})")
                for name, kind in self._missing(source, table).items():
                    self.db.execute(f"alter table {source}.{table.name} add column {name} {kind}")

    def _missing(self, source: str, table: Table) -> dict[str, str]:
        """Columns that a table of an earlier version lacks, with their types."""
        held = {row[0] for row in self.db.execute(f"describe {source}.{table.name}").fetchall()}
        return {column.name: sql_type(column) for column in table.columns if column.name not in held}

    def cursor(self, account: Account, stream: str) -> datetime | None:
        """Until when a stream has been loaded, UTC; None before the first load."""
        row = self.db.execute(
            "select loaded_until from takings.cursors "
            "where tenant_id = ? and source = ? and source_account = ? and stream = ?",
            of_stream(account, stream),
        ).fetchone()
        return None if row is None or row[0] is None else row[0].replace(tzinfo=UTC)

    def loaded(self, account: Account, stream: str) -> str | None:
        """The id of the window that was loaded last."""
        row = self.db.execute(
            "select window_id from takings.cursors "
            "where tenant_id = ? and source = ? and source_account = ? and stream = ?",
            of_stream(account, stream),
        ).fetchone()
        return None if row is None else row[0]

    def load(self, account: Account, stream: Stream, landed: LandedWindow, run_id: str) -> tuple[int, int, int]:
        """Load a sealed window and move the cursor, in one transaction.

        Returns (records read, rows changed, rows set aside). Raises IncompleteError, with nothing changed, when the
        landed records are fewer than the source announced.
        """
        if not self._holds(account, stream):
            try:
                return self._load(account, stream, landed, run_id, self._fill)
            except _NotCleanError:
                pass  # nothing was written: row by row, then
        return self._load(account, stream, landed, run_id, self._merge)

    def _load(
        self, account: Account, stream: Stream, landed: LandedWindow, run_id: str, into: _Into
    ) -> tuple[int, int, int]:
        changed = rejected = 0
        with self.transaction():
            landed_rows = self._read(stream, landed)
            self._check_days(stream, landed)
            if landed_rows or (landed.paths and landed.manifest.days):
                changed, rejected = into(account, stream, run_id)
            self.db.execute("drop table covered")
            self._remember_days(account, stream.name, landed, run_id)
            self.db.execute("drop view record")
            self.db.execute("drop table landed")
            self._move_cursor(account, stream.name, landed, run_id)
        return landed_rows, changed, rejected

    def _holds(self, account: Account, stream: Stream) -> bool:
        """Whether anything of this stream has been loaded for this account, or set aside."""
        tables = (f"{account.source}.{table.name}" for table in stream.tables)
        scope = "tenant_id = ? and source_account = ?"
        found = (
            self.db.execute(f"select 1 from {table} where {scope} limit 1", [account.tenant_id, account.account])
            for table in tables
        )
        aside = self.db.execute(
            "select 1 from takings.rejects where tenant_id = ? and source = ? and source_account = ? and stream = ? "
            "limit 1",
            of_stream(account, stream.name),
        )
        return bool(aside.fetchone()) or any(rows.fetchone() for rows in found)

    def _fill(self, account: Account, stream: Stream, run_id: str) -> tuple[int, int]:
        """The first load, where nothing has to be compared: typed straight into the tables.

        Raises _NotCleanError when a row cannot be typed, has no key or no parent, or comes twice.
        """
        scope, written = [account.tenant_id, account.account], 0
        self.db.execute(
            "delete from takings.rejects where tenant_id = ? and source = ? and source_account = ? and stream = ?",
            of_stream(account, stream.name),
        )
        for table in stream.tables:
            target = f"{account.source}.{table.name}"
            columns = ", ".join((*SCOPE, *LINEAGE, *(column.name for column in table.columns)))
            typed = ", ".join(strict_cast(column) for column in table.columns)
            try:
                written += run(
                    self.db,
                    f"insert into {target} ({columns}) select ?, ?, ?, r.landing_part, {typed} "
                    f"from {table.source} where {table.where}",
                    [*scope, run_id],
                )
            except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
                raise _NotCleanError from error
            if self._unclean(stream, table, target, scope):
                raise _NotCleanError
        return written, 0

    def _unclean(self, stream: Stream, table: Table, target: str, scope: list[str]) -> bool:
        """Whether a freshly filled table has a row without a key, a key twice, or a child without its parent."""
        key = ", ".join(table.key)
        missing = " or ".join(f"{name} is null" for name in table.key)
        where = "tenant_id = ? and source_account = ?"
        checks = [
            f"select count(*) <> count(distinct ({key})) or count(*) filter ({missing}) > 0 from {target} where {where}"
        ]
        if table.parent:
            roots = f"select {stream.tables[0].key[0]} from {target.split('.', maxsplit=1)[0]}.{stream.tables[0].name}"
            checks.append(f"select count(*) > 0 from {target} where {where} and {table.parent} not in ({roots})")
        return any(row[0] for sql in checks if (row := self.db.execute(sql, scope).fetchone()))

    def _merge(self, account: Account, stream: Stream, run_id: str) -> tuple[int, int]:
        return Merge(self.db, account, stream, run_id).run()

    def _read(self, stream: Stream, landed: LandedWindow) -> int:
        fields = ", ".join(f"'{name}': '{kind}'" for name, kind in stream.record.items())
        empty = ", ".join(f'null::{kind} as "{name}"' for name, kind in stream.record.items())
        parts = [landed.place(path) for path in landed.paths]
        # a record's part: one for all of them (a bulk file) is worth no text of its own in a million records
        part = f"filename[{len(str(landed.root)) + 2}:]" if len(parts) > 1 else _text((parts or [""])[0])
        source = f"select {empty}, '' as filename where false"
        if parts:
            source = (
                f"select {'*' if len(parts) > 1 else '* exclude (filename)'} from read_json("
                f"?, format = 'newline_delimited', columns = {{{fields}}}, filename = true)"
            )
        try:
            self.db.execute(
                f"create temp table landed as {source}", [[str(path) for path in landed.paths]] if parts else []
            )
        except (duckdb.InvalidInputException, duckdb.IOException) as error:
            if "JSON transform error" in str(error):
                raise ContractError(
                    f"stream {stream.name}: a record has another shape than the API documents; what came is kept in "
                    f"{landed.folder}, nothing of it was loaded. Update Takings. ({str(error)[:300]})"
                ) from error
            if "No space left" in str(error):
                raise
            raise IncompleteError(f"stream {stream.name}: a landed part breaks off ({str(error)[:200]})") from error
        self.db.execute(
            f"create temp view record as select *, {part} as landing_part, {_as_of(landed, part)} as landed_until "
            "from landed"
        )
        roots = 'count(*) filter (where "__parentId" is null)' if "__parentId" in stream.record else "count(*)"
        rows, root_rows = self.db.execute(f"select count(*), {roots} from record").fetchone() or (0, 0)
        announced, announced_roots = landed.manifest.rows, landed.manifest.roots
        if (announced is not None and rows != announced) or (
            announced_roots is not None and root_rows != announced_roots
        ):
            raise IncompleteError(
                f"stream {stream.name}: {rows} records arrived ({root_rows} roots), {announced} were announced "
                f"({announced_roots} roots). None of them was loaded; run again to fetch them anew."
            )
        return int(rows)

    def _check_days(self, stream: Stream, landed: LandedWindow) -> None:
        """covered: the days that the window replaces, no row where it replaces none.

        Raises ContractError when a record is of another day.
        """
        first, last = landed.manifest.days or (None, None)
        self.db.execute("create temp table covered (first date, last date)")
        self.db.execute("insert into covered select * from (values (?::date, ?::date)) as d(a, b) where a is not null",
                        [first, last])  # fmt: skip
        for table in (table for table in stream.tables if table.slice):
            day = read(table, table.slice or "")
            found = self.db.execute(
                f"select min({day}) from {table.source} where ({table.where}) and not exists "
                f"(select 1 from covered as c where try_cast({day} as date) between c.first and c.last) "
                f"and try_cast({day} as date) is not null"
            ).fetchone()
            if found and found[0] is not None:
                raise ContractError(
                    f"stream {stream.name}: a row of {found[0]} arrived, but {first} to {last} was asked for; nothing "
                    f"was loaded, what came is kept in {landed.folder}."
                )

    def _remember_days(self, account: Account, stream: str, landed: LandedWindow, run_id: str) -> None:
        """takings.days_read: as of when each day of a stream was read last."""
        if landed.manifest.days is None:
            return
        scope, days = of_stream(account, stream), list(landed.manifest.days)
        self.db.execute(
            "delete from takings.days_read where tenant_id = ? and source = ? and source_account = ? and stream = ? "
            "and day between ? and ?",
            [*scope, *days],
        )
        end = landed.manifest.end.astimezone(UTC).replace(tzinfo=None)
        self.db.execute(
            "insert into takings.days_read select ?, ?, ?, ?, unnest(generate_series(?::date, ?::date, "
            "interval 1 day))::date, ?, ?",
            [*scope, *days, end, run_id],
        )

    def _move_cursor(self, account: Account, stream: str, landed: LandedWindow, run_id: str) -> None:
        scope = of_stream(account, stream)
        end: datetime | None = landed.manifest.end
        if landed.manifest.again:
            end = self.cursor(account, stream)
        self.db.execute(
            "delete from takings.cursors where tenant_id = ? and source = ? and source_account = ? and stream = ?",
            scope,
        )
        self.db.execute(
            "insert into takings.cursors values (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                *scope,
                end and end.astimezone(UTC).replace(tzinfo=None),
                landed.folder.name,
                run_id,
                datetime.now(UTC).replace(tzinfo=None),
            ],
        )

    def rejects(self) -> list[dict[str, Any]]:
        """All rows that are set aside, newest first."""
        found = self.db.execute("select * from takings.rejects order by rejected_at desc, table_name, row_key")
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _as_of(landed: LandedWindow, part: str) -> str:
    """SQL: as of when a record was so: its window's end, or when the window was taken up after an interruption."""
    later = sorted(landed.manifest.as_of.items(), reverse=True)
    cases = "".join(
        f"when {part} >= {_text(landed.place(landed.folder / name))} then {_text(iso(at))} " for name, at in later
    )
    end = _text(iso(landed.manifest.end))
    return f"case {cases}else {end} end" if cases else end


def _text(value: str) -> str:
    """A text in SQL."""
    return "'" + value.replace("'", "''") + "'"


def _open(path: Path) -> duckdb.DuckDBPyConnection:
    db = duckdb.connect()
    try:
        db.execute(f"attach {_text(str(path))} as staging_file (row_group_size {ROWS_IN_A_GROUP})")
    except duckdb.IOException as error:
        if "No space left" in str(error):
            raise
        if "lock" in str(error):
            raise RetryError(f"{path} is open in another program. Close it there, then run again. ({error})") from None
        raise ConfigurationError(
            f"{path} cannot be opened ({error}). Move it away: the next `takings run` makes it anew from the landing "
            "zone, `takings replay --yes` does so with no network."
        ) from None
    return db

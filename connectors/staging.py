"""Typed staging tables on DuckDB, filled by SQL from landed windows; data and cursor commit together.

The rules: a stored row is touched only where the source's row differs, so a repeat changes nothing. Rows with a
parent are replaced parent by parent, rows of a slice day by day, others upserted by key, the newest version winning.
A row that cannot be typed goes to `takings.rejects` with its reason and its place, and the rest goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from connectors.base import Account, Stream, Table, iso
from connectors.casts import cast, read, sql_type, strict_cast
from connectors.errors import ConfigurationError, ContractError, IncompleteError, RetryError
from connectors.landing import LandedWindow

SCOPE = ("tenant_id", "source_account")
LINEAGE = ("run_id", "landing_part")
ROWS_IN_A_GROUP = 30_720  # a quarter of DuckDB's default: fewer half-full groups that a commit has to write anew

BOOKKEEPING = """
create schema if not exists takings;
create table if not exists takings.cursors (
    tenant_id varchar, source varchar, source_account varchar, stream varchar, loaded_until timestamp,
    window_id varchar, run_id varchar, loaded_at timestamp);
create table if not exists takings.rejects (
    tenant_id varchar, source varchar, source_account varchar, stream varchar, table_name varchar, row_key varchar,
    reason varchar, run_id varchar, landing_part varchar, rejected_at timestamp);
create table if not exists takings.accounts (tenant_id varchar, source varchar, source_account varchar);
create table if not exists takings.tenants (
    tenant_id varchar, tenant_name varchar, time_zone varchar, currency varchar);
create table if not exists takings.runs (run_id varchar, started_at timestamp);
create table if not exists takings.days_read (
    tenant_id varchar, source varchar, source_account varchar, stream varchar, day date, as_of timestamp,
    run_id varchar);
create table if not exists takings.exchange_rates (
    rate_day date, from_currency varchar, to_currency varchar, rate decimal(20, 12));
"""


_Into = Callable[[Account, Stream, str], tuple[int, int]]


class _NotCleanError(Exception):
    """A first load met a row that has to be looked at by itself."""


class Staging:
    """The one writer of the staging file. Use as a context manager; close it before anybody else opens the file."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.db = _open(path)
        self.db.execute("set preserve_insertion_order = false")
        self.db.execute("set TimeZone = 'UTC'")
        self.db.execute("set enable_progress_bar = false")
        self.db.execute(BOOKKEEPING)

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write everything into the file itself (no .wal stays) and let go of it."""
        self.db.execute("checkpoint")
        self.db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        self.db.execute("begin")
        try:
            yield
        except BaseException:
            self.db.execute("rollback")
            raise
        self.db.execute("commit")

    def prepare(self, source: str, streams: tuple[Stream, ...]) -> None:
        """Create the source's tables; a column that is new is added to the table that lacks it."""
        self.db.execute(f"create schema if not exists {source}")
        for table in (table for stream in streams for table in stream.tables):
            columns = [f"{name} varchar" for name in (*SCOPE, *LINEAGE)]
            columns += [f"{column.name} {sql_type(column)}" for column in table.columns]
            self.db.execute(f"create table if not exists {source}.{table.name} ({', '.join(columns)})")
            for column in table.columns:
                self.db.execute(
                    f"alter table {source}.{table.name} add column if not exists {column.name} {sql_type(column)}"
                )

    def cursor(self, account: Account, stream: str) -> datetime | None:
        """Until when a stream has been loaded, UTC; None before the first load."""
        row = self.db.execute(
            "select loaded_until from takings.cursors "
            "where tenant_id = ? and source = ? and source_account = ? and stream = ?",
            _scope(account, stream),
        ).fetchone()
        return None if row is None else row[0].replace(tzinfo=UTC)

    def loaded(self, account: Account, stream: str) -> str | None:
        """The id of the window that was loaded last."""
        row = self.db.execute(
            "select window_id from takings.cursors "
            "where tenant_id = ? and source = ? and source_account = ? and stream = ?",
            _scope(account, stream),
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
        return self._load(account, stream, landed, run_id, self._type_and_merge)

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
        """Whether anything of this stream has been loaded for this account."""
        tables = (f"{account.source}.{table.name}" for table in stream.tables)
        scope = "tenant_id = ? and source_account = ?"
        found = (
            self.db.execute(f"select 1 from {table} where {scope} limit 1", [account.tenant_id, account.account])
            for table in tables
        )
        return any(rows.fetchone() for rows in found)

    def _fill(self, account: Account, stream: Stream, run_id: str) -> tuple[int, int]:
        """The first load, where nothing has to be compared: typed straight into the tables.

        Raises _NotCleanError when a row cannot be typed, has no key or no parent, or comes twice.
        """
        scope, written = [account.tenant_id, account.account], 0
        self.db.execute(
            "delete from takings.rejects where tenant_id = ? and source = ? and source_account = ? and stream = ?",
            _scope(account, stream.name),
        )
        for table in stream.tables:
            target = f"{account.source}.{table.name}"
            columns = ", ".join((*SCOPE, *LINEAGE, *(column.name for column in table.columns)))
            typed = ", ".join(strict_cast(column) for column in table.columns)
            try:
                written += self._run(
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
            roots = f"select {self._parent_key(stream)} from {target.split('.', maxsplit=1)[0]}.{stream.tables[0].name}"
            checks.append(f"select count(*) > 0 from {target} where {where} and {table.parent} not in ({roots})")
        return any(row[0] for sql in checks if (row := self.db.execute(sql, scope).fetchone()))

    def _type_and_merge(self, account: Account, stream: Stream, run_id: str) -> tuple[int, int]:
        changed = rejected = 0
        for table in stream.tables:
            cleared, aside = self._type(account, stream, table, run_id)
            rejected += aside
            changed += cleared + self._merge(account, stream, table, run_id)
        for table in stream.tables:
            self.db.execute(f"drop table new_{table.name}")
        return changed, rejected

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
            f"create temp view record as select *, {part} as landing_part, "
            f"{_text(iso(landed.manifest.end))} as landed_until from landed"
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

    def _type(self, account: Account, stream: Stream, table: Table, run_id: str) -> tuple[int, int]:
        """new_<table>: its rows typed, one a key; those that cannot be typed are set aside.

        Returns how many that stood aside before no longer do, and how many do now.
        """
        typed = [f"{cast(column)} as {column.name}" for column in table.columns]
        broken = [column for column in table.columns if column.type != "VARCHAR"]
        reasons = [
            f"case when {column.read} is not null and {cast(column)} is null "
            f"then '{column.name} is not {column.type}: ' || left(cast({column.read} as varchar), 80) end"
            for column in broken
        ] + [f"case when {read(table, name)} is null then '{name} is missing' end" for name in table.key]
        self.db.execute(
            f"create temp table new_{table.name} as select {', '.join(typed)}, r.landing_part, "
            f"nullif(concat_ws('; ', {', '.join(reasons)}), '') as reject_reason "
            f"from {table.source} where {table.where}"
        )
        if table.parent:
            self._of_newest_parents(stream, table)
        self._one_a_key(table)
        key = " || '/' || ".join(f"coalesce(cast({name} as varchar), '?')" for name in table.key)
        seen, same = f"select {key} from new_{table.name}", "row_key"
        if table.parent:  # a broken child that the source removed since comes no more, but its parent does
            parents = f"new_{stream.tables[0].name}"
            seen, same = f"select {self._parent_key(stream)} from {parents}", "split_part(row_key, '/', 1)"
        elif table.slice:  # likewise a broken row of a day that is replaced
            days = "unnest(generate_series(first, last, interval 1 day))::date"
            seen, same = f"select cast({days} as varchar) from covered", "split_part(row_key, '/', 1)"
        cleared = self._run(
            "delete from takings.rejects where tenant_id = ? and source = ? and source_account = ? and stream = ? "
            f"and table_name = '{table.name}' and {same} in ({seen})",
            _scope(account, stream.name),
        )
        rejects = self.db.execute(
            f"insert into takings.rejects select ?, ?, ?, ?, '{table.name}', {key}, reject_reason, ?, landing_part, ? "
            f"from new_{table.name} where reject_reason is not null",
            [*_scope(account, stream.name), run_id, datetime.now(UTC).replace(tzinfo=None)],
        ).fetchone()
        count = int(rejects[0]) if rejects else 0
        if count:
            self.db.execute(f"delete from new_{table.name} where reject_reason is not null")
        return cleared, count

    def _of_newest_parents(self, stream: Stream, table: Table) -> None:
        """Children stand in the same part as their parent: those of a parent's older version, or of one that is not
        taken, go.
        """
        self.db.execute(
            f"delete from new_{table.name} as n where n.{table.parent} is not null "
            f"and not exists (select 1 from new_{stream.tables[0].name} as p "
            f"where p.{self._parent_key(stream)} = n.{table.parent} and p.landing_part = n.landing_part)"
        )

    def _one_a_key(self, table: Table) -> None:
        """A source may hand over a row twice (a page that moved): the newest version stays."""
        key = ", ".join(table.key)
        twice = self.db.execute(f"select count(*) <> count(distinct ({key})) from new_{table.name}").fetchone()
        if twice and twice[0]:
            newest = f"{table.version} desc nulls last, " if table.version else ""
            self.db.execute(
                f"create or replace temp table new_{table.name} as select * from new_{table.name} "
                f"qualify row_number() over (partition by {key} order by {newest}landing_part desc) = 1"
            )

    def _merge(self, account: Account, stream: Stream, table: Table, run_id: str) -> int:
        """Bring new_<table> into the staging table. Returns the number of rows removed or written."""
        target, new = f"{account.source}.{table.name}", f"new_{table.name}"
        scope = "t.tenant_id = ? and t.source_account = ?"
        values = [account.tenant_id, account.account]
        columns = [column.name for column in table.columns]
        listed = ", ".join(columns)
        if table.history:
            return self._append_history(table, target, values, run_id)
        same_key = " and ".join(f"t.{name} = n.{name}" for name in table.key)
        same_row = " and ".join(f"t.{name} is not distinct from n.{name}" for name in columns)
        if table.version:  # an older version than the stored one changes nothing
            self.db.execute(
                f"delete from {new} as n using {target} as t "
                f"where {scope} and {same_key} and t.{table.version} > n.{table.version}",
                values,
            )
        if table.slice:
            removed = self._run(
                f"delete from {target} as t using covered as c where {scope} and t.{table.slice} between c.first "
                f"and c.last and not exists (select 1 from {new} as n where {same_key} and {same_row})",
                values,
            )
        elif table.parent:
            removed = self._run(
                f"delete from {target} as t where {scope} and t.{table.parent} in "
                f"(select {self._parent_key(stream)} from new_{stream.tables[0].name}) "
                f"and not exists (select 1 from {new} as n where {same_key} and {same_row})",
                values,
            )
        else:
            removed = self._run(
                f"delete from {target} as t using {new} as n where {scope} and {same_key} and not ({same_row})", values
            )
        written = self._run(
            f"insert into {target} ({', '.join((*SCOPE, *LINEAGE))}, {listed}) "
            f"select ?, ?, ?, n.landing_part, {', '.join(f'n.{name}' for name in columns)} from {new} as n "
            f"where not exists (select 1 from {target} as t where {scope} and {same_key})",
            [*values, run_id, *values],
        )
        return max(removed, written)

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
        scope, days = _scope(account, stream), list(landed.manifest.days)
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

    def _append_history(self, table: Table, target: str, scope: list[str], run_id: str) -> int:
        """A row for each key whose newest stored row says something else."""
        key = ", ".join(table.key)
        when = next(column.name for column in table.columns if column.type == "INSTANT")
        same = " and ".join(f"t.{name} is not distinct from n.{name}" for name in table.history)
        listed = ", ".join(column.name for column in table.columns)
        return self._run(
            f"""insert into {target} ({", ".join((*SCOPE, *LINEAGE))}, {listed})
            with newest as (
                select * from {target} where tenant_id = ? and source_account = ?
                qualify row_number() over (partition by {key} order by {when} desc) = 1)
            select ?, ?, ?, n.landing_part, {", ".join(f"n.{column.name}" for column in table.columns)}
            from new_{table.name} as n left join newest as t using ({key})
            where t.{when} is null or (n.{when} > t.{when} and not ({same}))""",
            [*scope, *scope, run_id],
        )

    @staticmethod
    def _parent_key(stream: Stream) -> str:
        return stream.tables[0].key[0]

    def _run(self, sql: str, values: list[str]) -> int:
        row = self.db.execute(sql, values).fetchone()
        return int(row[0]) if row else 0

    def _move_cursor(self, account: Account, stream: str, landed: LandedWindow, run_id: str) -> None:
        scope = _scope(account, stream)
        self.db.execute(
            "delete from takings.cursors where tenant_id = ? and source = ? and source_account = ? and stream = ?",
            scope,
        )
        end = landed.manifest.end.astimezone(UTC).replace(tzinfo=None)
        self.db.execute(
            "insert into takings.cursors values (?, ?, ?, ?, ?, ?, ?, ?)",
            [*scope, end, landed.folder.name, run_id, datetime.now(UTC).replace(tzinfo=None)],
        )

    def rejects(self) -> list[dict[str, Any]]:
        """All rows that are set aside, newest first."""
        found = self.db.execute("select * from takings.rejects order by rejected_at desc, table_name, row_key")
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _text(value: str) -> str:
    """A text in SQL."""
    return "'" + value.replace("'", "''") + "'"


def _open(path: Path) -> duckdb.DuckDBPyConnection:
    db = duckdb.connect()
    try:
        db.execute(f"attach {_text(str(path))} as staging_file (row_group_size {ROWS_IN_A_GROUP})")
        db.execute("use staging_file")
        return db
    except duckdb.IOException as error:
        if "No space left" in str(error):
            raise
        if "lock" in str(error):
            raise RetryError(f"{path} is open in another program. Close it there, then run again. ({error})") from None
        raise ConfigurationError(
            f"{path} cannot be opened ({error}). Move it away: the next `takings run` makes it anew from the landing "
            "zone, `takings replay --yes` does so with no network."
        ) from None


def _scope(account: Account, stream: str) -> list[str]:
    return [account.tenant_id, account.source, account.account, stream]

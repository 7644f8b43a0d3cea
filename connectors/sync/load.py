"""Load one landed window of a stream into its staging tables.

A first load is typed straight into the tables (`_fill`). Whatever comes later, or is not clean, is merged (merge.py).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import duckdb

from connectors.base import Account, Stream, Table, iso
from connectors.errors import ContractError, IncompleteError
from connectors.sync import converted
from connectors.sync.casts import read
from connectors.sync.control_tables import LINEAGE, SCOPE, has_rejects, rows_changed
from connectors.sync.cursors import Cursors
from connectors.sync.landing import LandedWindow
from connectors.sync.merge import OBJECT, Merge, NotCleanError

Into = Callable[[], tuple[int, int]]
"""Brings the records into the tables; returns (rows changed, rows rejected)."""


class Load:
    """One load of one window, inside the caller's transaction."""

    def __init__(
        self, db: duckdb.DuckDBPyConnection, account: Account, stream: Stream, landed: LandedWindow, run_id: str
    ) -> None:
        self.db, self.account, self.stream, self.landed, self.run_id = db, account, stream, landed, run_id
        self.scope = [account.tenant_id, account.account]
        self.has_converted = False

    def run(self, into: Into) -> tuple[int, int, int]:
        """Read the records, bring them `into` the tables and move the cursor.

        Returns (records read, rows changed, rows rejected). Raises IncompleteError when the landed records are fewer
        than the source announced.
        """
        records, changed, rejected = 0, 0, 0
        if not self._is_empty():
            records, changed, rejected = self._run(into)
        cursors = Cursors(self.db, self.account)
        cursors.remember_days(self.stream.name, self.landed, self.run_id)
        cursors.move(self.stream, self.landed, self.run_id)
        return records, changed, rejected

    def _is_empty(self) -> bool:
        """Whether the window brought nothing and replaces no days, as most do in an hour of a quiet shop."""
        manifest, ours = self.landed.manifest, all(path.suffix == ".zst" for path in self.landed.paths)
        return ours and manifest.rows == 0 and not (manifest.written or manifest.roots or manifest.days)

    def _run(self, into: Into) -> tuple[int, int, int]:
        changed = rejected = 0
        by_day = any(table.slice for table in self.stream.tables)
        records = self._read()
        if by_day:
            self._check_days()
        if records or (self.landed.paths and self.landed.manifest.days):
            changed, rejected = into()
        if by_day:
            self.db.execute("drop table covered")
        if self.has_converted:
            self.db.execute("drop view converted")
        self.db.execute("drop view record; drop table landed")
        return records, changed, rejected

    def ways(self) -> list[Into]:
        """How to bring in the records, quickest first: the next one where one raises NotCleanError."""
        if self._is_empty() or has_rejects(self.db, self.account, self.stream.name):
            return [partial(self._merge, strict=False, has_rejects=True)]
        slow = partial(self._merge, strict=False, has_rejects=False)
        return [self._fill if self._is_first() else partial(self._merge, strict=True, has_rejects=False), slow]

    def _is_first(self) -> bool:
        """Whether nothing of this stream is loaded for this account."""
        loaded = (
            self.db.execute(
                f"select 1 from {self._target(table)} where tenant_id = ? and source_account = ? limit 1", self.scope
            ).fetchone()
            for table in self.stream.tables
        )
        return not any(loaded)

    def _merge(self, *, strict: bool, has_rejects: bool) -> tuple[int, int]:
        """Compare with what is stored; returns (rows changed, rows rejected). Raises NotCleanError when a `strict` one
        meets a value that cannot be typed."""
        return Merge(
            self.db,
            self.account,
            self.stream,
            self.run_id,
            strict=strict,
            has_rejects=has_rejects,
            has_parents=all(path.suffix == ".zst" for path in self.landed.paths),  # an object is written at once
            has_converted=self.has_converted,
        ).run()

    def _fill(self) -> tuple[int, int]:
        """The first load, where nothing has to be compared: typed straight into the tables.

        Raises NotCleanError when a row cannot be loaded or typed, has no key or no parent, or comes twice.
        """
        written = 0
        for table in self.stream.tables:
            if (
                table.broken
                and self.db.execute(f"select 1 from record as r where {table.broken} is not null").fetchone()
            ):
                raise NotCleanError
            listed = ", ".join(column.name for column in table.columns)
            rows = converted.all_rows(table, self.has_converted)
            try:
                if table.numbered and self.db.execute(converted.has_repeated(table, rows)).fetchone():
                    self.db.execute(f"create or replace temp table repeated as {converted.repeated(table, rows)}")
                    rows = converted.numbered(table, rows)
                written += rows_changed(
                    self.db,
                    f"insert into {self._target(table)} ({', '.join((*SCOPE, *LINEAGE))}, {listed}) "
                    f"select ?, ?, ?, landing_part, {listed} from ({rows})",
                    [*self.scope, self.run_id],
                )
            except (duckdb.InvalidInputException, duckdb.ConversionException) as error:
                raise NotCleanError from error
            if self._is_unclean(table):
                raise NotCleanError
        return written, 0

    def _is_unclean(self, table: Table) -> bool:
        """Whether a freshly filled table has a row without a key, a key twice, or a child without its parent."""
        target, key = self._target(table), ", ".join(table.key)
        missing = " or ".join(
            f"{name} is null or starts_with(cast({name} as varchar), '{OBJECT}')" for name in table.key
        )
        where = "tenant_id = ? and source_account = ?"
        if table.numbered:  # no two rows have the same number
            return False
        checks = [
            f"select count(*) <> count(distinct hash({key})) or count(*) filter ({missing}) > 0 "  # equal hashes: merge
            f"from {target} where {where}"
        ]
        if table.parent:
            root = self.stream.tables[0]
            parents = f"select {root.key[0]} from {self._target(root)}"
            checks.append(f"select count(*) > 0 from {target} where {where} and {table.parent} not in ({parents})")
        return any(row[0] for sql in checks if (row := self.db.execute(sql, self.scope).fetchone()))

    def _target(self, table: Table) -> str:
        return f"{self.account.source}.{table.name}"

    def _read(self) -> int:
        """The view `record` of everything that has landed; returns how many records these are."""
        stream, landed = self.stream, self.landed
        fields = ", ".join(f"'{name}': '{kind}'" for name, kind in stream.record.items())
        empty = ", ".join(f'null::{kind} as "{name}"' for name, kind in stream.record.items())
        parts = [landed.place(path) for path in landed.paths]
        # a constant where all records have one part (a bulk file): a million records need no text each
        part = f"filename[{len(str(landed.root)) + 2}:]" if len(parts) > 1 else literal((parts or [""])[0])
        source = f"select {empty}, '' as filename where false"
        typed = [path for path in landed.paths if path.suffix == ".parquet"]
        self.has_converted = bool(typed)
        written = [str(path) for path in landed.paths if path.suffix != ".parquet"]
        if written:
            source = (
                f"select {'*' if len(parts) > 1 else '* exclude (filename)'} from read_json("
                f"?, format = 'newline_delimited', columns = {{{fields}}}, filename = true)"
            )
        try:
            values = [written] if written else []
            rows = rows_changed(self.db, f"create temp table landed as {source}", values)
            if self.has_converted:
                self.db.execute(f"create temp view converted as {converted.view(typed, part)}")
                rows += self.db.execute("select count(*) from converted").fetchall()[0][0]
        except (duckdb.InvalidInputException, duckdb.IOException) as error:
            if "JSON transform error" in str(error):
                raise ContractError(
                    f"stream {stream.name}: a record has another shape than the API documents; what arrived is kept in "
                    f"{landed.folder}, nothing of it was loaded. Update Takings. ({str(error)[:300]})"
                ) from error
            if "No space left" in str(error):
                raise
            raise IncompleteError(f"stream {stream.name}: a landed part breaks off ({str(error)[:200]})") from error
        self.db.execute(
            f"create temp view record as select *, {part} as landing_part, {_as_of(landed, part)} as landed_until "
            "from landed"
        )
        root_rows, untyped_rows = self._count(stream, rows)
        if untyped_rows:  # no table would take it
            raise ContractError(
                f"stream {stream.name}: {untyped_rows:,} of {rows:,} records have no __typename, so nothing says what "
                f"they are; what arrived is kept in {landed.folder}, nothing of it was loaded"
            )
        announced, announced_roots = landed.manifest.rows, landed.manifest.roots
        if (announced is not None and rows != announced) or (
            announced_roots is not None and root_rows != announced_roots
        ):
            raise IncompleteError(
                f"stream {stream.name}: {rows} records arrived ({root_rows} roots), {announced} were announced "
                f"({announced_roots} roots). None of them was loaded; run again to fetch them."
            )
        return rows

    def _count(self, stream: Stream, rows: int) -> tuple[int, int]:
        """How many landed records have no parent, and how many of a stream with types have none."""
        fields = [name for name in ("__parentId", "__typename") if name in stream.record]
        if not fields:
            return rows, 0
        counts = ", ".join(f'count(*) filter (where "{name}" is null)' for name in fields)
        missing = dict(zip(fields, self.db.execute(f"select {counts} from landed").fetchall()[0], strict=True))
        return missing.get("__parentId", rows), missing.get("__typename", 0)

    def _check_days(self) -> None:
        """The table `covered`: the days that the window replaces, no row where it replaces none.

        Raises ContractError when a record is of another day.
        """
        first, last = self.landed.manifest.days or (None, None)
        self.db.execute(
            "create temp table covered as select first, last from (values (?::date, ?::date)) as d(first, last) "
            "where first is not null",
            [first, last],
        )
        for table in (table for table in self.stream.tables if table.slice):
            day = read(table, table.slice or "")
            foreign = self.db.execute(
                f"select min({day}) from {table.source} where ({table.where}) and not exists "
                f"(select 1 from covered as c where try_cast({day} as date) between c.first and c.last) "
                f"and try_cast({day} as date) is not null"
            ).fetchone()
            if foreign and foreign[0] is not None:
                raise ContractError(
                    f"stream {self.stream.name}: a row of {foreign[0]} arrived, but {first} to {last} was requested; "
                    f"nothing was loaded, what arrived is kept in {self.landed.folder}."
                )


def _as_of(landed: LandedWindow, part: str) -> str:
    """SQL for the instant that a record shows: its window's end, or when the interrupted window was resumed."""
    later = sorted(landed.manifest.as_of.items(), reverse=True)
    cases = "".join(
        f"when {part} >= {literal(landed.place(landed.folder / name))} then {literal(iso(at))} " for name, at in later
    )
    end = literal(iso(landed.manifest.end))
    return f"case {cases}else {end} end" if cases else end


def literal(text: str) -> str:
    """A text in SQL."""
    return "'" + text.replace("'", "''") + "'"

"""The staging file on DuckDB: typed tables, filled from landed windows; rows and cursor commit together.

A row that cannot be typed goes to `takings.rejects` with its reason and its place; the other rows are loaded.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from common import database
from connectors.base import Account, Stream
from connectors.errors import ConfigurationError, ContractError, RetryError
from connectors.sync import contents, control_tables, moves
from connectors.sync.casts import sql_type
from connectors.sync.control_tables import LINEAGE, SCOPE, Configuration
from connectors.sync.cursors import Cursors
from connectors.sync.landing import LandedWindow
from connectors.sync.load import Load, literal
from connectors.sync.merge import NotCleanError
from connectors.sync.moves import Parts
from connectors.sync.reader import Reader

ROWS_IN_A_GROUP = 30_720  # a quarter of DuckDB's default: a commit rewrites fewer half-full groups
ROWS_FOR_ONE_THREAD = 122_880  # DuckDB scans a group of so many rows by one thread
CHANGED = ("threads", "preserve_insertion_order", "disabled_compression_methods")
"""The settings of the whole database in memory that are others while it has a staging file."""


class Staging:
    """The one writer of the staging file. Use as a context manager; close it before anybody else opens the file."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._one_at_a_time = threading.RLock()
        self._known: dict[str, set[str]] = {}  # the columns of each table, once they were looked up
        self._memory: duckdb.DuckDBPyConnection | None = _open(path)
        self.db = self._memory.cursor()
        self.db.execute("set preserve_insertion_order = false")
        self.db.execute("set disabled_compression_methods = 'fsst'")  # tried at each insert, and never the smallest
        self.db.execute("set threads = 1")  # a small window has no work for more, which wake up for each statement
        self._settle()
        self.db.execute(control_tables.CONTROL_TABLES)

    def _settle(self) -> None:
        """Settings that each connection has of its own."""
        self.db.execute("use staging_file")
        self.db.execute("set TimeZone = 'UTC'")
        self.db.execute("set enable_progress_bar = false")

    def for_thread(self) -> Staging:
        """The same open file for another thread, on a connection of its own. Transactions still run one at a time.

        Close it before this one.
        """
        other = object.__new__(Staging)
        other.path, other._one_at_a_time, other._memory = self.path, self._one_at_a_time, None
        other._known = self._known
        other.db = self.db.cursor()
        other._settle()
        return other

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write everything into the file itself (no .wal stays) and close it."""
        if self._memory:
            self.db.execute("reset threads; checkpoint")
        self.db.close()  # and its temporary tables with it
        if self._memory:
            self._memory.execute("; ".join(["detach staging_file", *(f"reset {name}" for name in CHANGED)]))
            database.release(self._memory)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and no other transaction at the same time."""
        with self._one_at_a_time:
            self.db.execute("begin")
            try:
                yield
            except BaseException:
                self.db.execute("rollback")
                raise
            self.db.execute("commit")

    def prepare(self, source: str, streams: tuple[Stream, ...], choices: tuple[str, ...] = ()) -> None:
        """Create the source's tables; a column that is new is added to the table that lacks it.

        `choices` are the columns that the source has in takings.accounts.
        """
        tables = {
            f"{source}.{table.name}": {column.name: sql_type(column) for column in table.columns}
            for stream in streams
            for table in stream.tables
        }
        with self._one_at_a_time:
            existing = self._columns()
            statements = [
                f"alter table takings.accounts add column {name} varchar"
                for name in choices
                if name not in existing["takings.accounts"]
            ]
            for name, types in tables.items():
                if name not in existing:
                    columns = {**dict.fromkeys((*SCOPE, *LINEAGE), "varchar"), **types}
                    listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
                    statements.append(f"create table {name} ({listed})")
                for column in [column for column in types if column not in existing.get(name, types)]:
                    statements.append(f"alter table {name} add column {column} {types[column]}")
            if not statements:
                return
            with self.transaction():
                for statement in (f"create schema if not exists {source}", *statements):
                    self.db.execute(statement)
            existing["takings.accounts"].update(choices)
            for name, types in tables.items():
                existing.setdefault(name, {*SCOPE, *LINEAGE}).update(types)

    def _columns(self) -> dict[str, set[str]]:
        """The columns of every table, by schema and table: looked up once, since DuckDB makes a list of all."""
        if not self._known:
            for table, column in self.db.execute(
                "select schema_name || '.' || table_name, column_name from duckdb_columns() "
                "where database_name = 'staging_file'"
            ).fetchall():
                self._known.setdefault(table, set()).add(column)
        return self._known

    def reader(self, account: Account) -> Reader:
        """What a connector may ask about the account's own rows."""
        return Reader(self.db, account)

    def cursors(self, account: Account) -> Cursors:
        """How far the account's streams have been loaded."""
        return Cursors(self.db, account)

    def load(self, account: Account, stream: Stream, landed: LandedWindow, run_id: str) -> tuple[int, int, int]:
        """Load a sealed window and move the cursor, in one transaction.

        Returns (records read, rows changed, rows rejected). Raises, with nothing changed, IncompleteError when the
        landed records are fewer than the source announced, ContractError when they cannot be loaded.
        """
        load = Load(self.db, account, stream, landed, run_id)
        try:
            quick, *slow = load.ways()
            if slow:
                with suppress(NotCleanError), self._load(landed):  # then nothing was written
                    return load.run(quick)
            with self._load(landed):
                return load.run(slow[0] if slow else quick)
        except (duckdb.DataError, duckdb.InvalidInputException) as error:
            raise ContractError(
                f"Stream {stream.name} of the {account.source} account {account.account} of tenant "
                f"{account.tenant_id} was not loaded",
                str(error)[:300],
                f"What arrived is kept in {landed.folder}. Run again: it is then requested again",
            ) from error

    @contextmanager
    def _load(self, landed: LandedWindow) -> Iterator[None]:
        """A transaction for one window, with all threads where it is large or says no size."""
        rows = landed.manifest.rows
        is_small = rows is not None and rows <= ROWS_FOR_ONE_THREAD
        with nullcontext() if is_small else self._all_threads(), self.transaction():
            yield

    @contextmanager
    def _all_threads(self) -> Iterator[None]:
        with self._one_at_a_time:
            self.db.execute("reset threads")
            try:
                yield
            finally:
                self.db.execute("set threads = 1")

    def forget_stream(self, account: Account, stream: Stream) -> None:
        """Delete the rows, rejects and cursor of one stream of an account: it is loaded again from its windows."""
        with self.transaction():
            control_tables.forget_stream(self.db, account, stream)

    def parts(self, account: Account, stream: Stream) -> list[str]:
        """The landed files that the account's rows of a stream came from, below the landing zone."""
        return control_tables.parts(self.db, account, stream)

    def readings(self) -> list[tuple[str, str, str, str, str | None]]:
        """How the rows of each stream were read: (tenant, source, account, stream, `Stream.reading` or None)."""
        return control_tables.readings(self.db)

    def record_configuration(self, configuration: Configuration, run_id: str) -> None:
        """Replace what dbt reads of the configuration and of the run."""
        with self.transaction():
            control_tables.record_configuration(self.db, configuration, run_id)

    def record_pull(self, account: Account, reason: str | None) -> None:
        """Remember that the account's last pull failed, and why; without a reason, that it succeeded."""
        with self.transaction():
            control_tables.record_pull(self.db, account, reason)

    def failed_pulls(self) -> list[tuple[str, str, str, str, datetime]]:
        """Accounts whose last pull failed: (tenant, source, account, reason, since when in UTC)."""
        return control_tables.failed_pulls(self.db)

    def pulled_accounts(self) -> set[tuple[str, str, str]]:
        """Accounts of which something was pulled, by (tenant, source, account)."""
        return control_tables.pulled_accounts(self.db)

    def rename(self, old: Parts, new: Parts | None, *, really: bool) -> int:
        """Give the rows of a tenant or account another name, or delete them where `new` is None.

        Returns how many there are; without `really` nothing is changed.
        """
        with self.transaction():
            rows = moves.count(self.db, old)
            if really and new is not None:
                moves.rename(self.db, old, new)
            elif really:
                moves.remove(self.db, old)
            return rows

    def store_profiles(self) -> list[dict[str, Any]]:
        """What the databases of chat assistants say of their stores, one object per store that is not deleted:
        tenant_id, source_account and the fields of the contract `store_profile`."""
        if "postgres.store_profile" not in self._columns():
            return []
        rows = self.db.execute(
            "select tenant_id, source_account, store_id, description, brand_voice, store_url, logo_url, temperature, "
            "max_products from postgres.store_profile where not is_deleted order by tenant_id, source_account, store_id"
        )
        names = [column[0] for column in rows.description]
        return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]

    def contents(self, sources: contents.Sources) -> contents.Contents:
        """What is stored of each tenant in the tables of these sources."""
        with self._all_threads():
            return contents.of(self.db, sources)

    def rejects(self) -> list[dict[str, Any]]:
        """All rejected rows, newest first."""
        return control_tables.rejects(self.db)


def is_damage(error: BaseException) -> bool:
    """Whether an error is of a database file itself, and not of the rows or of a statement."""
    harmless = (duckdb.DataError, duckdb.ProgrammingError, duckdb.NotSupportedError, duckdb.IntegrityError)
    passing = (duckdb.OutOfMemoryException, duckdb.TransactionException, duckdb.InterruptException)
    return isinstance(error, duckdb.Error) and not isinstance(error, (*harmless, *passing))


def _open(path: Path) -> duckdb.DuckDBPyConnection:
    db = database.memory()
    try:
        db.execute(f"attach {literal(str(path))} as staging_file (row_group_size {ROWS_IN_A_GROUP})")
    except duckdb.Error as error:  # IOException, or the bare class for a block that is not what was written
        if "No space left" in str(error):
            raise
        if "Conflicting lock" in str(error):
            raise RetryError(
                f"{path} is open in another program", str(error), "Close it there, then run again"
            ) from None
        raise ConfigurationError(
            f"Cannot open {path}",
            str(error),
            "Move it away: the next `takings run` makes it again from the landing zone, `takings replay --yes` does so "
            "with no network",
        ) from None
    return db

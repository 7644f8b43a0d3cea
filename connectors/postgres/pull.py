"""Pull one database: in one snapshot, what changed in each mapped table, page by page, and the rows that are gone.

A page begins after the last row of the page before it (its last change and its key), so a pull that was interrupted
continues there. Then the keys of the table and of staging are compared. A row is gone when only staging has its key;
one that only the table has came late, with an older time of its last change.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from psycopg.sql import SQL, Composable, Identifier, Literal

from connectors.base import Account, Pulled, Stream
from connectors.contracts import RecordReader, Row
from connectors.contracts.reading import encoded
from connectors.contracts.values import ValueMistakeError, an_id
from connectors.errors import ConfigurationError
from connectors.postgres import client, mapping, questions
from connectors.postgres.connection import Connection
from connectors.postgres.mapping import Mapped
from connectors.postgres.settings import PostgresSettings
from connectors.postgres.streams import STREAMS
from connectors.sync.landing import LandedWindow, read_manifest
from connectors.sync.loop import PullContext, pull_stream

ROWS_A_PAGE = 20_000
WITH_ZONE, WITHOUT_ZONE = "timestamp with time zone", "timestamp without time zone"
COMPARABLE = (WITH_ZONE, WITHOUT_ZONE)
"""The types of times that say what changed since a pull. With another one, such as text, the whole table is read."""
KEYS_AT_ONCE, KEYS_A_PAGE = 50_000, 1_000
MOST_WITHOUT_KEY = 100  # rows without a key that are rejected one by one


def pull(context: PullContext, settings: PostgresSettings) -> Iterator[Pulled]:
    """Pull what is new in each mapped table; yields what each stream did.

    Raises ConfigurationError, before anything is loaded, when the login is refused or a table or column is missing.
    """
    context.staging.prepare(context.account.source, STREAMS)
    with client.snapshot(context.account, settings.statement_timeout) as (connection, at):
        tables = {table.contract.name: table for table in mapping.read(connection, context.account, settings)}
        for stream in STREAMS:
            if stream.name in tables:
                reading = _Reading(context, settings, connection, tables[stream.name], stream, at)
                result = pull_stream(context, stream, at, reading.land, every_pull=True)
                yield replace(result, warnings=result.warnings + reading.warnings())


def check(account: Account, settings: PostgresSettings) -> None:
    """Connect and compare the mapping with the tables, without reading a row. Raises a TakingsError for a login that is
    refused, a server that does not answer, and every table or column that is missing or may not be read."""
    with client.snapshot(account, settings.statement_timeout) as (connection, _):
        mapping.read(connection, account, settings)


@dataclass
class _Reading:
    """One table in one pull."""

    context: PullContext
    settings: PostgresSettings
    connection: Connection
    table: Mapped
    stream: Stream
    at: datetime
    no_ids: Counter[tuple[str, str]] = field(default_factory=Counter)
    landed_keys: set[str] = field(default_factory=set)
    vanished: int = 0
    remaining: int = 0
    without_key: int = 0

    def __post_init__(self) -> None:
        self.fingerprint = self.table.fingerprint(self.context.time_zone, self.settings.keep_text)
        self.reader = RecordReader(
            self.table.contract, ZoneInfo(self.context.time_zone), self.at, keep_text=self.settings.keep_text
        )

    def land(self, landed: LandedWindow) -> None:
        """Land one window: the rows that changed since its start, all rows where the mapping changed, then what the
        keys say."""
        if landed.manifest.state.get("mapping") != self.fingerprint:  # a new window, or begun with another mapping
            landed.restart()
            whole = landed.window.start is None or not self._is_mapping_of_the_rows()
            landed.remember(mapping=self.fingerprint, whole="yes" if whole else "")
        whole = bool(landed.manifest.state["whole"])
        if whole:
            self._require_keys()
        start = None if whole or self.table.change_type not in COMPARABLE else landed.window.start
        if self.table.changed_at:
            self._land_pages(landed, start, without_time=False)
        self._land_pages(landed, start, without_time=True)
        self._land_differences(landed, late=start is not None)
        landed.seal()

    def _is_mapping_of_the_rows(self) -> bool:
        """Whether the rows in staging were read with the mapping of today: the window that was loaded last says so."""
        account, name = self.context.account, self.stream.name
        cursor = self.context.staging.cursors(account).of(name)
        path = self.context.landing.folder(account, name) / (cursor.window_id if cursor else "") / "window.json"
        return path.exists() and read_manifest(path).state.get("mapping") == self.fingerprint

    def _require_keys(self) -> None:
        """Raise ConfigurationError when two rows have one key: only one of them would count."""
        query = questions.key_of_several_rows(self.table.source, self.table.key)
        for (key,) in self.connection.execute(query).fetchall():
            raise ConfigurationError(
                f"{client.label(self.context.account)}, table {self.table.table}",
                f"several rows have the key {self.table.key} = {key}, so only one of them would count",
                "Name the rows of one shop as `tenant` in takings.toml, or another column as the key",
            )

    def warnings(self) -> tuple[str, ...]:
        """What a person should know of the rows that were read."""
        texts = []
        where = f"{client.label(self.context.account)}, table {self.table.table}"
        if self.no_ids:
            counts = ", ".join(f"{name} {word!r} {count} times" for (name, word), count in sorted(self.no_ids.items()))
            texts.append(f"{where}: ids that are a word for no id count as absent: {counts}.")
        if self.without_key:
            texts.append(
                f"{where}: {self.without_key} rows have no {self.table.key}, so nothing tells them apart: none of "
                f"them is loaded. Fill {self.table.key}, or name another column as the key."
            )
        if self.vanished and not self.remaining:
            texts.append(
                f"{where}: it has no rows any more, so all {self.vanished} were marked as deleted. If that is not so, "
                "check the login's rights to rows and the `tenant` of the table in takings.toml."
            )
        return tuple(texts)

    def _land_pages(self, landed: LandedWindow, start: datetime | None, *, without_time: bool) -> None:
        """Land the rows that have a time of their last change, or those without one, page by page."""
        phase = "after_key_alone" if without_time else "after_key"
        while (after_key := landed.manifest.state.get(phase)) != "":
            rows = self._page(start, landed.manifest.state.get("after_change"), after_key, without_time=without_time)
            last_key, last_change = rows[-1][:2] if rows else ("", "")
            complete = len(rows) < ROWS_A_PAGE
            position = {phase: "" if complete else last_key, "after_change": last_change or ""}
            if rows:
                landed.write_part((self._record(row) for row in rows), **position)
            else:
                landed.remember(**position)
            self.context.progress(self.stream.name, landed.manifest.written, None, self.table.table)
            if complete:
                return

    def _page(
        self, start: datetime | None, after_change: str | None, after_key: str | None, *, without_time: bool
    ) -> list[tuple[Any, ...]]:
        key, order = Identifier(self.table.key), SQL("{}").format(Identifier(self.table.key))
        conditions: list[Composable] = [SQL("{} is not null").format(key)]
        if self.table.changed_at:
            changed = Identifier(self.table.changed_at)
            if without_time:
                conditions.append(SQL("{} is null").format(changed))
            else:
                order = SQL("{}, {}").format(changed, key)
                conditions.append(SQL("{} is not null").format(changed))
                if start is not None:
                    conditions.append(SQL("{} >= {}").format(changed, Literal(self._since(start))))
        if after_key is not None:
            if self.table.changed_at and not without_time:
                condition = SQL("({}, {}) > ({}, {})").format(
                    Identifier(self.table.changed_at), key, Literal(after_change), Literal(after_key)
                )
            else:
                condition = SQL("{} > {}").format(key, Literal(after_key))
            conditions.append(condition)
        query = questions.page(self.table.columns, self.table.source, conditions, order, ROWS_A_PAGE)
        return self.connection.execute(query).fetchall()

    def _since(self, start: datetime) -> str:
        """The earliest change that is read, as the column has it.

        A column without a zone has the tenant's local times or UTC; the earlier one of both holds for either. In the
        hour that comes twice local times go back by an hour.
        """
        since = start - timedelta(minutes=self.settings.lookback_minutes)
        if self.table.change_type == WITH_ZONE:
            return since.isoformat()
        local = since.astimezone(ZoneInfo(self.context.time_zone)).replace(tzinfo=None)
        return (min(local, since.astimezone(UTC).replace(tzinfo=None)) - timedelta(hours=1)).isoformat()

    def _record(self, row: tuple[Any, ...]) -> bytes:
        key, _, *texts = row
        record = dict(zip(self.table.fields, texts, strict=True)) | dict(self.table.constants)
        result = self.reader.read(record)
        landed: dict[str, Any] = {"kind": "row", "file": self.table.table, "key": self._key(key)}
        self.landed_keys.add(landed["key"])
        if isinstance(result, Row):
            self.no_ids.update(result.no_ids)
            return encoded(landed | {"row": result.columns})
        return encoded(landed | {"broken": result.reason})

    def _land_differences(self, landed: LandedWindow, *, late: bool) -> None:
        """Land the keys that staging has and the table does not.

        With `late` also the rows that staging lacks: they came with an older time of their last change. A reject whose
        row is gone, or has its key now, ends.
        """
        known = {row[0] for row in self.context.reader.rows(questions.keys(self.table.contract))}
        rejected = self._rejects()
        ended = set(rejected)
        missing = list[str]()
        query = questions.keys_in(self.table.source, self.table.key)
        with self.connection.cursor(name="keys") as cursor:
            cursor.itersize = KEYS_AT_ONCE
            cursor.execute(query)
            for (text,) in cursor:
                self.remaining += 1
                key = self._key(text)
                ended.discard(self._reject_of(key))
                if text is None:  # no page has it: nothing can be after it
                    self.without_key += 1
                elif key in known:
                    known.discard(key)
                elif late and key not in self.landed_keys and self._reject_of(key) not in rejected:
                    missing.append(text)
        self.vanished = len(known)
        if self.without_key:
            no_key = [SQL("{} is null").format(Identifier(self.table.key))]
            query = questions.page(self.table.columns, self.table.source, no_key, SQL("1"), MOST_WITHOUT_KEY)
            landed.write_part(self._record(row) for row in self.connection.execute(query).fetchall())
        if known:
            keys = sorted(known)
            landed.write_part(encoded({"kind": "deleted", "file": self.table.table, "key": key}) for key in keys)
        if ended:
            names = sorted(ended)
            landed.write_part(encoded({"kind": "ended", "file": self.table.table, "key": name}) for name in names)
        for first in range(0, len(missing), KEYS_A_PAGE):
            some = missing[first : first + KEYS_A_PAGE]
            query = questions.rows_of(self.table.columns, self.table.source, self.table.key, some)
            rows = self.connection.execute(query).fetchall()
            landed.write_part(self._record(row) for row in rows)

    def _rejects(self) -> set[str]:
        """The names of the rows that were rejected: staging does not have them, and they are known."""
        account = self.context.account
        whose = (account.tenant_id, account.source, account.account, self.stream.name)
        return {
            reject["row_key"]
            for reject in self.context.staging.rejects()
            if (reject["tenant_id"], reject["source"], reject["source_account"], reject["stream"]) == whose
        }

    def _reject_of(self, key: str | None) -> str:
        """The name that a reject of a row has."""
        return (key or "?") if self.table.contract.key else f"{self.table.table}/{key or '?'}"

    def _key(self, text: str | None) -> str | None:
        """A key as staging has it."""
        name = self.table.contract.key
        if text is None or name is None:
            return text
        try:
            return an_id(self.table.contract.by_name[name], text.strip())
        except ValueMistakeError:  # the row is rejected
            return text[:100]

"""The vocabulary of a connector: account, stream, table, window, cursor.

A connector is data (streams with their tables) and a client. Data goes one way:
API -> landing zone (bytes as received) -> staging tables (typed, merged, cursor in the same transaction).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

Progress = Callable[[str, int, int | None, str], None]
"""progress(stream, count, total or None, detail): called often, must be quick."""


Days = tuple[date, date]
"""A first and a last day, both included."""


def no_progress(stream: str, count: int, total: int | None, detail: str) -> None:
    """Progress for callers that show none."""


@dataclass(frozen=True)
class Account:
    """One account at one source, as the configuration names it; `secret` is never printed."""

    tenant_id: str
    source: str
    account: str
    base_url: str
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Column:
    """A typed column of a staging table.

    `type` is VARCHAR, BIGINT, BOOLEAN, DATE, MONEY (decimal, major units as the source wrote them), MICROS (integer
    millionths of the unit, from a decimal text of at most six places), DECIMAL (a rate or a price in parts of a minor
    unit), INSTANT (a UTC timestamp) or EPOCH (the same, written as seconds since 1970);
    `read` is the SQL that takes its text out of a landed record.
    """

    name: str
    type: str
    read: str


@dataclass(frozen=True)
class Table:
    """A staging table: which records it is made of, its key, and how a repeat replaces its rows.

    - With `parent`, a column: rows are replaced parent by parent, so that a removed line vanishes. Its rows are in the
      landed part of their parent; `apart` says that they may be in others.
    - With `slice`, a DATE column that is first in the key: rows are replaced for all days of the window, also for those
      without a record. Stored rows `t` for which `spared` is true are not replaced.
    - With `history`, columns: a row is added when one of them changes; older rows stay.
    - Otherwise rows are upserted by key, the newest `version` winning.

    `source` is the FROM clause over the landed records `r`, which also have `landing_part` and `landed_until`, the end
    of their window. Where records are lines of files, `place` reads a record's file and line; its rejects are named by
    them and stay until the file comes again. `broken` reads why a record cannot be loaded, null for one that can.
    `ended` reads the name of a reject whose row is gone at the source, null for every other record.
    `numbered` is the last column of the key where rows may be equal: it numbers equal rows of a file by their lines.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    where: str
    parent: str | None = None
    version: str | None = None
    history: tuple[str, ...] = ()
    slice: str | None = None
    source: str = "record as r"
    place: tuple[str, str] | None = None
    broken: str | None = None
    ended: str | None = None
    spared: str | None = None
    apart: bool = False
    numbered: str | None = None


@dataclass(frozen=True)
class Stream:
    """One kind of object that a source has: its request, its records' shape, the tables it becomes.

    `record` declares every field of a landed record that is read, with its DuckDB type; other fields stay in the
    landing zone. `cursor` names the field that windows run over, None for a stream that is read whole;
    `whole_days` says that the API filters it by day only.
    """

    name: str
    query: str
    record: dict[str, str]
    tables: tuple[Table, ...]
    cursor: str | None = None
    whole_days: bool = False
    connections: dict[str, object] = field(default_factory=dict)

    @property
    def reading(self) -> str:
        """The version of how landed records become rows: it changes with each column, type, key and condition."""
        return hashlib.sha256(repr((self.record, self.tables)).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Window:
    """A range of a stream's cursor, UTC: it holds all that changed from `start` (None: ever) until `end`.

    It may also hold changes after `end`; the next window, which starts there, brings them again. A window with `days`
    reads only these days again, as the source reports them at `end`, and does not move the cursor.
    """

    start: datetime | None
    end: datetime
    days: Days | None = None

    @property
    def id(self) -> str:
        """Its folder name in the landing zone; sorts by time."""
        if self.days:
            return f"{stamp(self.end)}_read_{self.days[0]:%Y%m%d}_{self.days[1]:%Y%m%d}"
        first = "00000000T000000Z" if self.start is None else stamp(self.start)
        return f"{stamp(self.end)}_from_{first}"


@dataclass(frozen=True)
class Pulled:
    """What one stream's pull did: rows landed, staging rows changed, rows rejected, calls, seconds waited.

    `denied` are paths that the secret may not read; `warnings` are messages that a person should read.
    """

    stream: str
    landed: int
    changed: int
    rejected: int
    calls: int = 0
    waited: float = 0.0
    denied: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


ADDED_FIELDS = frozenset({"landing_part", "landed_until"})
"""What the loader adds to each landed record `r`."""


def fields_read(columns: Iterable[Column], of: str = "r") -> tuple[str, ...]:
    """The fields of a landed record `r` that columns read, each once, in the order of the columns.

    So a column is the only declaration of its field; `of` names an object inside the record, such as `r.metrics`.
    """
    reads = (field for column in columns for field in re.findall(rf"\b{re.escape(of)}\.(\w+)", column.read))
    return tuple(field for field in dict.fromkeys(reads) if field not in ADDED_FIELDS)


def stamp(instant: datetime) -> str:
    """20261120T165000Z"""
    return instant.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def from_stamp(text: str) -> datetime:
    """The instant of a stamp."""
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def iso(instant: datetime) -> str:
    """2026-11-20T16:50:00Z, the form that the APIs' filters take."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

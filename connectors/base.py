"""The vocabulary of a connector: account, stream, table, window, cursor.

A connector is data (streams with their tables) and a client. What it brings goes one way:
API -> landing zone (bytes as received) -> staging tables (typed, merged, cursor in the same transaction).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

Progress = Callable[[str, int, int | None, str], None]
"""progress(stream, done, total or None, detail): called often, must be quick."""


Days = tuple[date, date]
"""A first and a last day, both included."""


def no_progress(stream: str, done: int, total: int | None, detail: str) -> None:
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
    """A staging table: which records it is made of, its key, and how a repeat replaces it.

    A table with a `parent` column is replaced parent by parent (a removed line vanishes); one with a `slice` column
    (a DATE, first in its key) is replaced for all the days that its window covers, also those that no record came
    for; one without is upserted by key, the newest `version` winning; one with `history` columns gets a row when one of
    them changes, and keeps the older rows. `source` is the FROM clause over the landed records `r`, which also have
    `landing_part` and `landed_until`, the end of their window. Where records are a file's lines, `place` reads a
    record's file and line: what is set aside is named by them, line by line, until the file comes again; `broken` reads
    why a record cannot be taken, null for one that can. Of a slice, the stored rows `t` of which `spared` is true stay
    as they are.
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
    spared: str | None = None


@dataclass(frozen=True)
class Stream:
    """One kind of thing that a source has: its request, its records' shape, the tables it becomes.

    `record` declares every field of a landed record with its DuckDB type; what is not declared stays in the
    landing zone. `cursor` names the field that windows run over, None for a stream that is read whole;
    `whole_days` says that the API filters it by the day only.
    """

    name: str
    query: str
    record: dict[str, str]
    tables: tuple[Table, ...]
    cursor: str | None = None
    whole_days: bool = False
    connections: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Window:
    """A range of a stream's cursor, UTC: all that changed from `start` (None: ever) until `end` is in it.

    What changed after `end` may be in it too, and comes again with the next window, which starts there. One that reads
    some `days` again, as they are told at `end`, leaves the cursor where it is.
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
    """What one stream's pull did: rows landed, rows that changed staging, rows set aside, calls, seconds waited.

    `warnings` are what the source said and a person should read.
    """

    stream: str
    landed: int
    changed: int
    rejected: int
    calls: int = 0
    waited: float = 0.0
    denied: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def stamp(instant: datetime) -> str:
    """20261120T165000Z"""
    return instant.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def iso(instant: datetime) -> str:
    """2026-11-20T16:50:00Z, the form the APIs' filters take."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

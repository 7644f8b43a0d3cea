"""Shared by ad platforms: daily reports that are restated for weeks, in the ad account's own time zone.

The first load reads the configured history. Each later one reads today and the days before it that may still change;
once a month the last 13 months, since rows appear and vanish late; and days that are configured and have never been
read (`since` was moved back). Each day is replaced as a whole; what may vanish from it: withdrawn.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.base import Days, Pulled, Stream, Table
from connectors.errors import ConfigurationError, RetryError
from connectors.sync.landing import LandedWindow
from connectors.sync.loop import Land, PullContext, add, pull_stream, read_again
from connectors.sync.reader import Question
from connectors.sync.withdrawn import Guard, WithdrawnError, keep_withdrawn

LOOKBACK_DAYS = 28  # how long a day is restated
DEEP_DAYS = 396  # 13 months, once a month
ROWS_PER_PART = 50_000  # held in memory at once, some 100 MB

Rows = Callable[[date, date], list[bytes]]
"""Every row of a report from the first to the last day, both included."""


class TooLargeError(RetryError):
    """The answer would have more rows than the platform returns at once: request fewer days or smaller pages."""


class AdClient(Protocol):
    """The part of a platform's client that is used here."""

    warnings: set[str]

    @property
    def label(self) -> str: ...

    @property
    def now(self) -> datetime: ...


@dataclass(frozen=True)
class Calendar:
    """Which days of an ad account are read.

    `since` is the first of them (None: `history_days` ago, or all); the platform has none before `retention_months`
    calendar months ago.
    """

    zone: ZoneInfo
    since: date | None
    history_days: int | None
    lookback_days: int = LOOKBACK_DAYS
    retention_months: int | None = None

    def day(self, instant: datetime) -> date:
        """The day of an instant in the account's zone."""
        return instant.astimezone(self.zone).date()

    def earliest(self, last: date) -> date:
        """The first day that the platform still has."""
        return date.min if self.retention_months is None else _months_before(last, self.retention_months)

    def first(self, last: date) -> date:
        """The first day that is configured and that the platform still has."""
        history = date.min if self.history_days is None else last - timedelta(days=self.history_days)
        return min(last, max(self.earliest(last), self.since or history))

    def of_window(self, landed: LandedWindow) -> Days:
        """The days that may have changed since the window before this one."""
        last = self.day(landed.manifest.end)
        if landed.manifest.start is None:
            return self.first(last), last
        before = self.day(landed.manifest.start)
        month_began = (before.year, before.month) != (last.year, last.month)
        lookback = max(self.lookback_days, DEEP_DAYS) if month_began else self.lookback_days
        return max(self.first(last), before - timedelta(days=lookback)), last

    def available(self, days: Days, until: datetime) -> Days | None:
        """The part of some days that the platform has; None for none of them."""
        first, last = max(days[0], self.earliest(self.day(until))), min(days[1], self.day(until))
        return (first, last) if first <= last else None


def _months_before(day: date, months: int) -> date:
    """The same day of an earlier month; the first of the next month where the earlier one has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    try:
        return date(year, month + 1, day.day)
    except ValueError:
        return date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)


def account_zone(label: str, name: str) -> ZoneInfo:
    """An ad account's time zone. Raises ConfigurationError when this system does not know it."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigurationError(
            f"{label} was not pulled",
            f"its time zone {name!r} is not known here",
            "Update the system's time zones (tzdata), then run again",
        ) from None


def inactive_warning(label: str, status: str) -> str:
    """The warning for an account that no longer shows ads; it is pulled all the same."""
    return f"{label} is {status}: its past days are read, new days will be empty."


def land_record(record: bytes, landed: LandedWindow) -> None:
    """Land the platform's record of the account itself."""
    landed.restart()
    landed.write_part([record])
    landed.seal(rows=1)


def begin_objects(client: AdClient, landed: LandedWindow) -> None:
    """Empty a window of objects that are read whole; those of a resumed one are as of now, not of its end."""
    landed.restart()
    if client.now > landed.window.end:
        landed.resumed_at(client.now)


def rows_in_halves(label: str, report: str, rows: Rows, first: date, last: date) -> list[bytes]:
    """Every row of a report from `first` to `last`; the days are halved while they are too many for one answer.

    Raises RetryError when a single day is too large.
    """
    try:
        return rows(first, last)
    except TooLargeError as error:
        if first == last:
            raise RetryError(
                f"The report {report} of {label} for {first} cannot be read",
                f"a single day is too large for the API ({error.why})",
                "Nothing of it was loaded; run again later",
            ) from error
    middle = first + (last - first) // 2
    halves = ((first, middle), (middle + timedelta(days=1), last))
    return [row for half in halves for row in rows_in_halves(label, report, rows, *half)]


@dataclass(frozen=True)
class AdAccountPull:
    """How the streams of one ad account are pulled: `objects` whole, `reports` by day, `most_days` at a time.

    `guards` say for each report what may not vanish from its days, unless the pull names the days.
    """

    context: PullContext
    client: AdClient
    calendar: Calendar
    objects: Mapping[str, Land]
    reports: Mapping[str, Rows]
    most_days: int
    guards: Mapping[str, Guard]

    def run(self, streams: Iterable[Stream]) -> Iterator[Pulled]:
        """Pull stream by stream; with the context's `days` only these days of the reports."""
        until = self.client.now
        for stream in streams:
            if stream.name in self.reports:
                result = self._pull_days(stream, until)
            elif self.context.days is None:
                result = pull_stream(self.context, stream, until, self.objects[stream.name])
            else:
                continue
            yield replace(result, warnings=(*result.warnings, *sorted(self.client.warnings)))

    def _pull_days(self, stream: Stream, until: datetime) -> Pulled:
        days, land = self.context.days, partial(self._land_days, stream)
        if days is None:
            result = pull_stream(self.context, stream, until, land)
            last = self.calendar.day(until)
            cursors = self.context.staging.cursors(self.context.account)
            ranges = cursors.never_read(stream.name, self.calendar.first(last), last)
        else:
            available = self.calendar.available(days, until)
            if available != days:
                which = "none" if available is None else f"only {available[0]} to {available[1]}"
                self.client.warnings.add(
                    f"{self.client.label}: of the days {days[0]} to {days[1]} {which} can be read; the others stay as "
                    "they are."
                )
            result, ranges = Pulled(stream.name, 0, 0, 0), [available] if available else []
        for some_days in ranges:
            result = add(result, read_again(self.context, stream, until, land, some_days))
        return result

    def _land_days(self, stream: Stream, landed: LandedWindow) -> None:
        """Land the days of a window, one part per chunk of days; continues after the last chunk that has arrived.

        A chunk has as many days as gave ROWS_PER_PART rows the last time.
        """
        client, calendar = self.client, self.calendar
        if not _covers(landed, calendar, calendar.earliest(calendar.day(client.now))):
            landed.seal()
            return
        first, last = landed.manifest.days or (date.max, date.min)
        day = date.fromisoformat(landed.manifest.state.get("next_day", str(first)))
        chunk = _chunk(self.most_days, 1, self._rows_per_day(stream, first, last))
        while day <= last:
            end = min(last, day + timedelta(days=chunk - 1))
            records = self.reports[stream.name](day, end)
            records += self._kept_rows(stream, landed, records, (day, end))
            arrived = landed.write_part(records, next_day=str(end + timedelta(days=1)))
            chunk = _chunk(self.most_days, (end - day).days + 1, arrived)
            self.context.progress(stream.name, (end - first).days + 1, (last - first).days + 1, "days")
            day = end + timedelta(days=1)
        landed.seal()

    def _kept_rows(self, stream: Stream, landed: LandedWindow, records: list[bytes], days: Days) -> list[bytes]:
        """Records that keep rows of deleted objects. Raises WithdrawnError, and the window starts over."""
        report = f"The report {stream.name} of {self.client.label}, {days[0]} to {days[1]},"
        guard, table = self.guards[stream.name], stream.tables[0]
        accepted = self.context.days or (landed.manifest.days if landed.manifest.again else None)
        try:
            return keep_withdrawn(guard, table, self.context.reader, records, days, accepted, report)
        except WithdrawnError:
            landed.restart()
            raise

    def _rows_per_day(self, stream: Stream, first: date, last: date) -> int:
        """The most rows that staging has for one of these days."""
        row = self.context.reader.first(most_rows_per_day(stream.tables[0]), first=first, last=last)
        return int(row[0] or 0) if row else 0


def most_rows_per_day(table: Table) -> Question:
    """The most rows of one day from $first to $last; null for none."""
    days = (
        f"select count(*) as rows from {table.name} where {table.slice} between $first and $last group by {table.slice}"
    )
    return Question(f"select max(rows) from ({days})", (table.name,))


def _covers(landed: LandedWindow, calendar: Calendar, earliest: date) -> bool:
    """Whether a window has days to read: those that the platform still has, also when it is resumed after weeks."""
    if landed.manifest.days is None:
        landed.cover(*calendar.of_window(landed))
    first, last = landed.manifest.days or (date.max, date.min)
    day = date.fromisoformat(landed.manifest.state.get("next_day", str(first)))
    if min(day, last) < earliest:
        landed.restart()
        landed.manifest.days = None
        if earliest <= last:
            landed.cover(max(first, earliest), last)
    return landed.manifest.days is not None


def _chunk(most_days: int, days: int, rows: int) -> int:
    """How many days to request at once, after `days` days had `rows` rows."""
    return max(1, min(most_days, days * ROWS_PER_PART // max(1, rows)))

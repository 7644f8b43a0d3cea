"""What ad platforms share: reports by the day that are told anew for weeks, in the ad account's own zone.

The first load brings the history that is asked for. Each later one brings today and the days before it that may still
change; once a month the last 13 months, since rows appear and vanish late; and the days that are asked for and have
never been read (`since` was moved back). A day is replaced whole, whatever was told of it before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
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

LOOKBACK_DAYS = 28  # a day is restated for so long
DEEP_DAYS = 396  # 13 months, once a month
ROWS_A_PART = 50_000  # held in memory at once, some 100 MB
SUSPICIOUS_DAYS = 7  # so many days do not lose their spend at once

Rows = Callable[[date, date], list[bytes]]
"""Every row of a report from the first to the last day, both included."""


class AdClient(Protocol):
    """What is asked of a platform's client."""

    warnings: set[str]

    @property
    def now(self) -> datetime: ...


@dataclass(frozen=True)
class Calendar:
    """Which days of an ad account are read.

    `since` is the first of them (None: `history_days` ago); the platform gives none before `kept_days` ago.
    """

    zone: ZoneInfo
    since: date | None
    history_days: int
    lookback_days: int = LOOKBACK_DAYS
    kept_days: int | None = None

    def day(self, instant: datetime) -> date:
        """The account's own day."""
        return instant.astimezone(self.zone).date()

    def earliest(self, last: date) -> date:
        """The first day that can be had."""
        return date.min if self.kept_days is None else last - timedelta(days=self.kept_days)

    def first(self, last: date) -> date:
        """The first day that is wanted."""
        return min(last, max(self.earliest(last), self.since or last - timedelta(days=self.history_days)))

    def of_window(self, landed: LandedWindow) -> Days:
        """The days that may have changed since the window before this one."""
        last = self.day(landed.manifest.end)
        if landed.manifest.start is None:
            return self.first(last), last
        before = self.day(landed.manifest.start)
        a_new_month = (before.year, before.month) != (last.year, last.month)
        lookback = max(self.lookback_days, DEEP_DAYS) if a_new_month else self.lookback_days
        return max(self.first(last), before - timedelta(days=lookback)), last

    def within(self, days: Days, until: datetime) -> Days | None:
        """Those of some days that can be had; None for none."""
        first, last = max(days[0], self.earliest(self.day(until))), min(days[1], self.day(until))
        return (first, last) if first <= last else None


def known_zone(who: str, name: str) -> ZoneInfo:
    """An ad account's zone. Raises ConfigurationError when it is not known here."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ConfigurationError(
            f"{who}: its time zone {name!r} is not known here. Update the system's time zones (tzdata), then run again."
        ) from None


def land_record(record: bytes, landed: LandedWindow) -> None:
    """Land what the platform says of the account itself."""
    landed.restart()
    landed.write_part([record])
    landed.seal(rows=1)


@dataclass(frozen=True)
class AdAccountPull:
    """How the streams of one ad account are pulled: `objects` whole, `reports` by day, `most_days` at a time.

    Days of a `guarded` report that had spend are not emptied, unless they are asked for by name.
    """

    context: PullContext
    client: AdClient
    calendar: Calendar
    objects: Mapping[str, Land]
    reports: Mapping[str, Rows]
    most_days: int
    guarded: Collection[str] = ()

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
            yield replace(result, warnings=tuple(sorted(self.client.warnings)))

    def _pull_days(self, stream: Stream, until: datetime) -> Pulled:
        days, land = self.context.days, partial(self._land_days, stream)
        if days is None:
            result = pull_stream(self.context, stream, until, land)
            last = self.calendar.day(until)
            cursors = self.context.staging.cursors(self.context.account)
            again = cursors.never_read(stream.name, self.calendar.first(last), last)
        else:
            available = self.calendar.within(days, until)
            if available != days:
                which = "none of them" if available is None else f"only {available[0]} to {available[1]}"
                self.client.warnings.add(
                    f"Of the days {days[0]} to {days[1]} {which} can be had; the others stay as they are."
                )
            result, again = Pulled(stream.name, 0, 0, 0), [available] if available else []
        for each in again:
            result = add(result, read_again(self.context, stream, until, land, each))
        return result

    def _land_days(self, stream: Stream, landed: LandedWindow) -> None:
        """The days of a window, a part for each chunk of them; goes on behind the last chunk that has arrived.

        A chunk holds as many days as came to ROWS_A_PART rows the last time.
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
            arrived = landed.write_part(self.reports[stream.name](day, end), next_day=str(end + timedelta(days=1)))
            chunk = _chunk(self.most_days, (end - day).days + 1, arrived)
            self.context.progress(stream.name, (end - first).days + 1, (last - first).days + 1, "days")
            day = end + timedelta(days=1)
        if self.context.days is None and stream.name in self.guarded and not landed.manifest.written:
            self._refuse_emptiness(stream, landed, first, last)
        landed.seal()

    def _rows_per_day(self, stream: Stream, first: date, last: date) -> int:
        """The most rows that staging holds of one of these days."""
        row = self.context.reader.first(most_rows_per_day(stream.tables[0]), first=first, last=last)
        return int(row[0] or 0) if row else 0

    def _refuse_emptiness(self, stream: Stream, landed: LandedWindow, first: date, last: date) -> None:
        """Raises RetryError when a report has no row for days that had spend: spend does not vanish."""
        account = self.context.account
        found = self.context.reader.first(days_with_spend(stream.tables[0]), first=first, last=last)
        if found and found[0] >= SUSPICIOUS_DAYS:
            landed.restart()
            raise RetryError(
                f"{account.source} {account.account}: the report {stream.name} of {first} to {last} came without a "
                f"single row, yet {found[0]} of these days, {found[1]} to {found[2]}, had spend. They stay as they "
                "are. Check that the account's reports can still be seen with this token, then run again; if the days "
                "are empty there too, read them again by name: that is believed."
            )


def most_rows_per_day(table: Table) -> Question:
    """The most rows of one day from $first to $last; null for none."""
    days = (
        f"select count(*) as rows from {table.name} where {table.slice} between $first and $last group by {table.slice}"
    )
    return Question(f"select max(rows) from ({days})", (table.name,))


def days_with_spend(table: Table) -> Question:
    """How many days from $first to $last had spend, and the first and the last of them."""
    spend = next(column.name for column in table.columns if column.type == "MICROS")
    return Question(
        f"select count(distinct {table.slice}), min({table.slice}), max({table.slice}) from {table.name} "
        f"where {table.slice} between $first and $last and {spend} > 0",
        (table.name,),
    )


def _covers(landed: LandedWindow, calendar: Calendar, earliest: date) -> bool:
    """Whether a window has days to be read, which are those that can still be had when it is taken up after weeks."""
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
    """How many days to ask for at once when so many came to so many rows."""
    return max(1, min(most_days, days * ROWS_A_PART // max(1, rows)))

"""Spend that a re-read of a daily report does not bring again.

Platforms restate what a day cost, and withdraw purchases. They do not withdraw a day's spend: where an account, or an
object that still exists, had spend on a day and comes back without it, the answer is incomplete and is refused. Rows of
an object that was deleted do vanish, though its spend stays in its parents: its stored rows are kept as they were read
last. The landing zone says so in records of its own (`spared`), so that a replay keeps the same rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import msgspec

from common.numbers import decimal
from connectors.base import Days, Table
from connectors.errors import RetryError
from connectors.sync.reader import Question, Reader

SPARED_FIELDS = ("spared", "spared_from", "spared_to")
SHOWN = 5  # ranges of days in a message


@dataclass(frozen=True)
class ReportRow:
    """What a landed record says: whether an object had spend on a day.

    A record without a day keeps all rows of its `group`.
    """

    day: date | None
    object: str
    spent: bool
    group: str = ""


@dataclass(frozen=True)
class Guard:
    """How rows of a report are recognized.

    `object` and `group` are SQL over the staging table, `read` reads a landed record in the same terms (None for one
    that staging will reject). `living` gives the objects whose rows the platform still shows; None: all, for an
    account's own report.
    """

    object: str
    read: Callable[[bytes], ReportRow | None]
    living: Callable[[], Collection[str]] | None = None
    group: str = "''"


class WithdrawnError(RetryError):
    """A report came without spend that it had before."""


def report_row(day: Any, name: Any, spend: Any, group: str = "") -> ReportRow | None:
    """A landed record's day, object and spend. The day is None if it is missing, the spend if it is not a number."""
    try:
        at = date.fromisoformat(str(day)[:10])
    except ValueError:
        return None
    try:
        spent = decimal(str(spend)) > 0
    except ValueError:
        spent = False
    return ReportRow(at, str(name), spent, group)


def spared(column: str) -> str:
    """SQL: whether a record of the window keeps the stored row `t`; `column` is the object's id in it."""
    return (
        f"exists (select 1 from record as r where r.spared = t.{column} "
        "and t.date_day between r.spared_from::date and r.spared_to::date)"
    )


def keep_withdrawn(
    guard: Guard, table: Table, reader: Reader, records: Sequence[bytes], days: Days, accepted: Days | None, report: str
) -> list[bytes]:
    """Records that keep the stored rows of deleted objects which `records`, the report's answer for `days`, leaves out.

    `accepted` are days that somebody named: there the platform's answer counts, and only days with rows keep others.
    Raises WithdrawnError when spend is missing that the platform does not withdraw; `report` names it in the message.
    """
    rows = [row for record in records if (row := guard.read(record)) is not None]
    kept_groups = {row.group for row in rows if row.day is None}
    answered = {(row.day, row.object) for row in rows}
    spent = {(row.day, row.object) for row in rows if row.spent}
    answered_days = {day for day, _ in answered}
    first, last = accepted or (date.max, date.min)
    missing: dict[str, set[date]] = defaultdict(set)
    withdrawn: dict[str, list[date]] = defaultdict(list)
    without_spend = [
        (day, name, micros > 0 and (day, name) not in spent)
        for day, name, group, micros in reader.rows(stored_spend(guard, table), first=days[0], last=days[1])
        if group not in kept_groups and ((day, name) not in answered or (micros > 0 and (day, name) not in spent))
    ]
    living = guard.living() if guard.living and without_spend else None
    for day, name, lost in without_spend:
        requested = first <= day <= last
        if living is None or name in living:
            if lost and not requested:
                missing[name].add(day)
        elif (day, name) not in answered and (not requested or day in answered_days):
            withdrawn[name].append(day)
    if missing:
        raise _refusal(report, missing, whose=living is not None)
    return [
        msgspec.json.encode(dict(zip(SPARED_FIELDS, (name, str(first), str(last)), strict=True)))
        for name, days in withdrawn.items()
        for first, last in ranges(days)
    ]


def stored_spend(guard: Guard, table: Table) -> Question:
    """Each object's spend in micros by day from $first to $last."""
    spend = next(column.name for column in table.columns if column.type == "MICROS")
    return Question(
        f"select {table.slice}, {guard.object}, {guard.group}, sum(coalesce({spend}, 0)) from {table.name} "
        f"where {table.slice} between $first and $last group by 1, 2, 3 order by 1, 2",
        (table.name,),
    )


def ranges(days: Collection[date]) -> Iterator[Days]:
    """The ranges of consecutive days."""
    first = last = None
    for day in sorted(days):
        if last is None or first is None or day - last > timedelta(days=1):
            if first is not None and last is not None:
                yield first, last
            first = day
        last = day
    if first is not None and last is not None:
        yield first, last


def _refusal(report: str, missing: dict[str, set[date]], *, whose: bool) -> WithdrawnError:
    days = {day for some in missing.values() for day in some}
    parts = [str(first) if first == last else f"{first} to {last}" for first, last in ranges(days)]
    named = ", ".join(parts[:SHOWN]) + (f" and {len(parts) - SHOWN} more ranges" if len(parts) > SHOWN else "")
    objects = sorted(missing)
    of = f" of {len(objects)} that still exist (such as {objects[0]})" if whose else ""
    return WithdrawnError(
        f"{report} was not loaded",
        f"spend{of} is missing on {len(days)} day{'s' * (len(days) > 1)} that had it: {named}",
        "Stored days stay as they are. Run again: an incomplete answer is seldom repeated. If it is, check that the "
        "token can still see the account's reports. If the platform shows no spend for these days either, backfill "
        "them in Dagster: a backfill accepts what the platform says",
    )

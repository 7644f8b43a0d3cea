"""Compares a period with an earlier one: the one before it, or the same days a year earlier.

Whole periods are compared with whole ones, a running one with the same part of the earlier one. A day that is not over
is in neither: its number would always look like a fall.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa

from common.presets import MONTHS, Days, Preset, first_of, months_before
from semantic import periods
from semantic.compiler import GRAINS
from semantic.errors import RangeError, UnknownNameError
from semantic.query import answer
from semantic.warehouse import Build

COMPARISONS = ("prior", "year")
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Comparison:
    """The days of a period and those that it is compared with."""

    now: Days
    before: Days

    def describe(self) -> str:
        """Both periods in one line."""
        return "{} to {}, compared with {} to {}".format(*self.now, *self.before)


def newest_day(build: Build, time_zone: str, now: datetime) -> date:
    """The last day of which the build can know something: today, or the day on which it was last synced before."""
    as_of = build.as_of()
    instants = [now, *([as_of.replace(tzinfo=UTC)] if as_of else [])]
    return min(periods.local_day(instant, time_zone) for instant in instants)


def of_preset(preset: Preset, kind: str, today: date) -> Comparison:
    """The comparison of a period by name. Raises RangeError where no whole day of it has passed."""
    days = preset.days(today)
    if days[1] == today and preset.unit == "day" and days[0] != today:
        days = preset.days(today - ONE_DAY)  # so many whole days
    return _compare(days, preset.unit, kind, today)


def of_days(start: date, end: date, kind: str, today: date) -> Comparison:
    """The comparison of days that were chosen freely: whole months are compared with whole months.

    Raises RangeError where no whole day of them has passed.
    """
    periods.check(start, end)
    months = start.day == 1 and (end + ONE_DAY).day == 1
    return _compare((start, end), "months" if months else "day", kind, today)


def _compare(days: Days, unit: str, kind: str, today: date) -> Comparison:
    if kind not in COMPARISONS:
        raise UnknownNameError("comparison", kind, COMPARISONS)
    start, end = days[0], min(days[1], today - ONE_DAY)
    if end < start:
        raise RangeError(
            f"No comparison for {days[0]} to {days[1]}",
            f"no day of it is over: today is {today}",
            "Choose a period that begins earlier",
        )
    if unit == "months" and end != days[1]:
        unit = "day"  # the last of these months is still running
    return Comparison((start, end), a_year_before(start, end) if kind == "year" else _prior(start, end, unit))


def _prior(start: date, end: date, unit: str) -> Days:
    """The period before: so many days or months, or the same part of the month, quarter or year before."""
    if unit == "day":
        length = end - start + ONE_DAY
        return start - length, end - length
    if unit == "months":
        months = (end.year - start.year) * 12 + end.month - start.month + 1
        return months_before(start, months), start - ONE_DAY
    first = months_before(start, MONTHS[unit])
    is_whole = first_of(unit, end + ONE_DAY) != start
    return first, start - ONE_DAY if is_whole else min(first + (end - start), start - ONE_DAY)


def a_year_before(start: date, end: date) -> Days:
    """The same days of the calendar a year earlier; a range that ends with a month ends with it there too."""
    month_end = (end + ONE_DAY).day == 1
    return _same_day(start), _same_day(end + ONE_DAY) - ONE_DAY if month_end else _same_day(end)


def _same_day(day: date) -> date:
    """The day a year earlier; February 28 for the 29th."""
    return date(day.year - 1, day.month, 28 if (day.month, day.day) == (2, 29) else day.day)


def compare(build: Build, metrics: Sequence[str], comparison: Comparison, by: Sequence[str] = ()) -> pa.Table:
    """Metrics of a period beside the earlier one: one row per combination of `by`, sorted by it.

    For each metric its value, and with its name before them `_previous` (the earlier period's value), `_difference`
    (value less previous) and `_change` (difference as a share of previous, empty where that is not above zero). By
    day, week, month …, the first one of a period is compared with the first one of the earlier period; what the period
    does not have (a 31st) is left out. A group without rows has zero of an amount or a count, and no ratio. Raises a
    SemanticError where the question has no answer.
    """
    ranges = (comparison.now, comparison.before)
    now, before = (answer(build, metrics, by=by, start=start, end=end) for start, end in ranges)
    last = tuple(_position(name, comparison.now[1], comparison.now[0]) if name in GRAINS else None for name in by)
    rows_now, rows_before = (
        {tuple(_position(name, row[name], days[0]) for name in by): row for row in table.to_pylist()}
        for table, days in zip((now, before), ranges, strict=True)
    )
    keys = [
        key
        for key in {**rows_now, **rows_before}
        if all(limit is None or part <= limit for part, limit in zip(key, last, strict=True))
    ]
    keys.sort(key=lambda key: [(part is None, part) for part in key])
    columns = {
        name: pa.array([_at(name, key[number], comparison.now[0]) for key in keys], now.schema.field(name).type)
        for number, name in enumerate(by)
    }
    fields = [now.schema.field(name) for name in by]
    for name in metrics:
        empty = None if build.catalog.metric(name).kind == "ratio" else 0
        values, previous = (
            [rows[key][name] if key in rows else empty for key in keys] for rows in (rows_now, rows_before)
        )
        pairs = list(zip(values, previous, strict=True))
        field = now.schema.field(name)
        share = pa.field(f"{name}_change", pa.float64(), metadata={"unit": "ratio", "format": "+,.1%"})
        for column, numbers in (
            (field, values),
            (field.with_name(f"{name}_previous"), previous),
            (field.with_name(f"{name}_difference"), [_difference(*pair) for pair in pairs]),
            (share, [_change(*pair) for pair in pairs]),
        ):
            fields.append(column)
            columns[column.name] = pa.array(numbers, column.type)
    return pa.table(columns, schema=pa.schema(fields, metadata=now.schema.metadata))


def _difference(value: Any, previous: Any) -> Any:
    return None if value is None or previous is None else value - previous


def _change(value: Any, previous: Any) -> float | None:
    """A share of zero or of a negative number would say nothing, or the opposite."""
    return None if value is None or previous is None or previous <= 0 else float(value - previous) / float(previous)


def _position(name: str, value: Any, first: date) -> Any:
    """The number of a day, week, month … in a period that begins on `first`; any other value is itself."""
    if name == "day":
        return (value - first).days
    if name == "week":
        return (_monday(value) - _monday(first)).days // 7
    if name in MONTHS:
        begins = first_of(name, first)
        return ((value.year - begins.year) * 12 + value.month - begins.month) // MONTHS[name]
    return value


def _at(name: str, position: Any, first: date) -> Any:
    """The day, week, month … of this number, by its first day; any other value is itself."""
    if name == "day":
        return first + timedelta(days=position)
    if name == "week":
        return _monday(first) + timedelta(days=7 * position)
    if name in MONTHS:
        return months_before(first_of(name, first), -MONTHS[name] * position)
    return position


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())

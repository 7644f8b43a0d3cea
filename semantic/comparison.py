"""Compares a period with an earlier one: the one before it, or the same days a year earlier.

Whole periods are compared with whole ones, a running one with the same part of the earlier one. A day that is not over
is in neither: its number would always look like a fall.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from common import comparison as rules
from common.comparison import COMPARISONS, Comparison
from common.presets import Days, Preset
from semantic import periods
from semantic.compiler import GRAINS, NO_FILTERS
from semantic.errors import RangeError, UnknownNameError
from semantic.filters import Filters
from semantic.query import answer
from semantic.warehouse import Build


def newest_day(build: Build, time_zone: str, now: datetime) -> date:
    """The last day of which the build can know something: today, or the day on which it was last synced before."""
    as_of = build.as_of()
    instants = [now, *([as_of.replace(tzinfo=UTC)] if as_of else [])]
    return min(periods.local_day(instant, time_zone) for instant in instants)


def of_preset(preset: Preset, kind: str, today: date) -> Comparison:
    """The comparison of a period by name. Raises RangeError where no whole day of it has passed."""
    return _checked(rules.of_preset(preset, _known(kind), today), preset.days(today), today)


def of_days(start: date, end: date, kind: str, today: date) -> Comparison:
    """The comparison of days that were chosen freely. Raises RangeError where no whole day of them has passed."""
    days = periods.check(start, end)
    return _checked(rules.of_days(days, _known(kind), today), days, today)


def _known(kind: str) -> str:
    if kind not in COMPARISONS:
        raise UnknownNameError("comparison", kind, COMPARISONS)
    return kind


def _checked(result: Comparison | None, days: Days, today: date) -> Comparison:
    if result is None:
        raise RangeError(
            f"No comparison for {days[0]} to {days[1]}",
            f"no day of it is over: today is {today}",
            "Choose a period that begins earlier",
        )
    return result


def compare(
    build: Build,
    metrics: Sequence[str],
    comparison: Comparison,
    by: Sequence[str] = (),
    filters: Filters = NO_FILTERS,
) -> pa.Table:
    """Metrics of a period beside the earlier one: one row per combination of `by`, sorted by it.

    For each metric its value, and with its name before them `_previous` (the earlier period's value), `_difference`
    (value less previous) and `_change` (difference as a share of previous, empty where that is not above zero). By
    day, week, month …, each one is compared with as many days of the earlier period, or with a month of the calendar
    (Comparison.shift); what the period does not have (a 31st) is left out. A group without rows has zero of an amount
    or a count, and no ratio. Raises a SemanticError where the question has no answer.
    """
    grain = next((name for name in by if name in GRAINS), "")
    earlier = comparison.earlier(grain) if grain else comparison.before
    now = answer(build, metrics, by=by, start=comparison.now[0], end=comparison.now[1], filters=filters)
    before = answer(build, metrics, by=by, start=earlier[0], end=earlier[1], filters=filters, beside=comparison)
    rows_now, rows_before = (
        {tuple(row[name] for name in by): row for row in table.to_pylist()} for table in (now, before)
    )
    keys = sorted({**rows_now, **rows_before}, key=lambda key: [(part is None, part) for part in key])
    if grain:
        keys = [key for key in keys if key[by.index(grain)] <= comparison.now[1]]
    columns = {
        name: pa.array([key[number] for key in keys], now.schema.field(name).type) for number, name in enumerate(by)
    }
    fields = [now.schema.field(name) for name in by]
    for name in metrics:
        empty = 0 if build.catalog.metric(name).adds_up else None
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
            (share, [change(*pair) for pair in pairs]),
        ):
            fields.append(column)
            columns[column.name] = pa.array(numbers, column.type)
    return pa.table(columns, schema=pa.schema(fields, metadata=now.schema.metadata))


def _difference(value: Any, previous: Any) -> Any:
    return None if value is None or previous is None else value - previous


def change(value: Any, previous: Any) -> float | None:
    """The difference as a share of `previous`; a share of zero or of a negative number would say nothing."""
    return None if value is None or previous is None or previous <= 0 else float(value - previous) / float(previous)

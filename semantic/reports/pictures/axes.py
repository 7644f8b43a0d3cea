"""Where the ticks of an axis are, and what they say."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from common.presets import months_before
from semantic.reports.shown import Style

NICE = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
MONTHS_APART = (1, 2, 3, 6, 12, 24, 60)
DAYS_APART = (1, 2, 7, 14)


@dataclass(frozen=True)
class Scale:
    """A range of numbers over a range of pixels."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """The place of a number, to a tenth of a pixel."""
        return round(self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start), 1)


def ticks(values: Iterable[Decimal], style: Style, most: int = 6) -> list[tuple[Decimal, str]]:
    """Round numbers from below the least value to above the largest one, zero among them, with short labels."""
    known = [Decimal(0), *values]
    low, high = min(known), max(known)
    if low == high:
        return [(value, style.short(value)) for value in (Decimal(0), Decimal(1))]
    least = Decimal(1).scaleb(-style.currency.digits) if style.unit == "money" else Decimal(1)
    step = _step((high - low) / (most - 1), least if style.unit in ("money", "count") else Decimal(0))
    first, last = math.floor(low / step), math.ceil(high / step)
    end = step * max(abs(first), abs(last))
    return [(number * step, style.short(number * step, step, end)) for number in range(first, last + 1)]


def _step(size: Decimal, least: Decimal) -> Decimal:
    """The next round number from `size`: 1, 2, 2.5 or 5 of a power of ten, a multiple of `least`."""
    power = Decimal(1).scaleb(size.adjusted())
    steps = (factor * power for factor in NICE if factor * power >= size)
    return next(step for step in (*steps, 10 * power, 20 * power, least or power) if not least or step % least == 0)


def date_ticks(first: date, last: date, most: int, points: Sequence[date] = ()) -> list[tuple[date, str]]:
    """At most `most` days between first and last with labels that fit the span: 3 Nov, Nov 2026, 2026.

    `points`: weeks or months, of which every so many is labelled instead. The year is with the first label, and with
    each one that begins another year.
    """
    if points:
        every = max(1, math.ceil(len(points) / most))
        chosen = list(points)[::every]
        if all(day.day == 1 for day in points):
            return [(day, f"{day:%b %Y}") for day in chosen]
        return _with_years(chosen)
    span = (last - first).days + 1
    for step in DAYS_APART:
        if span / step <= most:
            start = first if step < 7 else first + timedelta(days=(7 - first.weekday()) % 7)  # Mondays
            return _with_years([start + timedelta(days=step * n) for n in range((last - start).days // step + 1)])
    months = _months(first, last)
    every = next((step for step in MONTHS_APART if len(months) / step <= most), 120)
    return [(day, f"{day:%b %Y}") for day in months if (day.month - 1 + 12 * day.year) % every == 0]


def _months(first: date, last: date) -> list[date]:
    """The first days of months in a range."""
    start = first if first.day == 1 else months_before(first.replace(day=1), -1)
    count = (last.year - start.year) * 12 + last.month - start.month + 1
    return [months_before(start, -number) for number in range(count)]


def _with_years(days: Sequence[date]) -> list[tuple[date, str]]:
    """3 Nov 2026, 10 Nov, 17 Nov …; without the year where all days are of one."""
    if not days or days[0].year == days[-1].year:
        return [(day, f"{day.day} {day:%b}") for day in days]
    earlier = [None, *days]
    return [
        (day, f"{day.day} {day:%b}" + (f" {day.year}" if before is None or before.year != day.year else ""))
        for before, day in zip(earlier, days, strict=False)
    ]

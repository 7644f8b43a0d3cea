"""The earlier days that a period is compared with: the period before it, or the same days a year earlier.

Whole periods are compared with whole ones, a running one with the same part of the earlier one. A day that is not over
is in neither: its number would always look like a fall.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from common.presets import MONTHS, Days, Preset, first_of, months_before

COMPARISONS = ("prior", "year")
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Comparison:
    """The days of a period and those that it is compared with."""

    now: Days
    before: Days

    def shift(self, grain: str, *, of_months: bool = False) -> tuple[int, str]:
        """How far the earlier days lie before these, in days or months: added to an earlier day, it gives the day that
        it is compared with, so that both have the same days in each point of a line.

        Months, quarters and years of the calendar are compared with each other where both periods begin on the same day
        of one. Rows of whole months (`of_months`) know no other days.
        """
        months = (self.now[0].year - self.before[0].year) * 12 + self.now[0].month - self.before[0].month
        of_calendar = grain in MONTHS and self.now[0].day == self.before[0].day and months % MONTHS[grain] == 0
        if of_months or of_calendar:
            return months, "MONTH"
        return (self.now[0] - self.before[0]).days, "DAY"

    def earlier(self, grain: str) -> Days:
        """The earlier days that have a day beside them in a line: a 31st has none in a month of 30 days."""
        first, last = self.before
        length = self.now[1] - self.now[0]
        return first, last if self.shift(grain)[1] == "MONTH" else min(last, first + length)

    def describe(self) -> str:
        """Both periods in one line."""
        return "{} to {}, compared with {} to {}".format(*self.now, *self.before)


def of_preset(preset: Preset, kind: str, today: date) -> Comparison | None:
    """The comparison of a period by name; None where no whole day of it has passed."""
    days = preset.days(today)
    if days[1] == today and preset.unit == "day" and days[0] != today:
        days = preset.days(today - ONE_DAY)  # so many whole days
    return of_unit(days, preset.unit, kind, today)


def of_days(days: Days, kind: str, today: date) -> Comparison | None:
    """The comparison of days that were chosen freely: whole months are compared with whole months."""
    months = days[0].day == 1 and (days[1] + ONE_DAY).day == 1
    return of_unit(days, "months" if months else "day", kind, today)


def of_unit(days: Days, unit: str, kind: str, today: date) -> Comparison | None:
    """The comparison of a period that is made of days, of whole months, or is one month, quarter or year."""
    start, end = days[0], min(days[1], today - ONE_DAY)
    if end < start:
        return None
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

"""The periods that people choose by name: `--period` of the commands and the links of the dashboards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

Days = tuple[date, date]
"""First and last day, both included."""
MONTHS = {"month": 1, "quarter": 3, "year": 12}
"""Calendar units by their number of months."""


@dataclass(frozen=True)
class Preset:
    """A period by name. `days` gives its days for a certain today; `unit` is the calendar unit that it is made of.

    A period of the unit `day` moves on with each day; one of a month, quarter or year begins with it.
    """

    label: str
    unit: str
    days: Callable[[date], Days]


def first_of(unit: str, day: date) -> date:
    """The first day of the month, quarter or year of a day."""
    months = MONTHS[unit]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def months_before(first: date, months: int) -> date:
    """The first day of the month that is so many months before the one that begins on `first`."""
    number = first.year * 12 + first.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def rolling(days: int) -> Callable[[date], Days]:
    """So many calendar days, today included."""
    return lambda today: (today - timedelta(days=days - 1), today)


def _running(unit: str) -> Callable[[date], Days]:
    return lambda today: (first_of(unit, today), today)


def _yesterday(today: date) -> Days:
    day = today - timedelta(days=1)
    return day, day


def _last_month(today: date) -> Days:
    last = first_of("month", today) - timedelta(days=1)
    return first_of("month", last), last


PRESETS: Mapping[str, Preset] = {
    "today": Preset("Today", "day", rolling(1)),
    "yesterday": Preset("Yesterday", "day", _yesterday),
    "7d": Preset("7d", "day", rolling(7)),
    "14d": Preset("14d", "day", rolling(14)),
    "30d": Preset("30d", "day", rolling(30)),
    "90d": Preset("90d", "day", rolling(90)),
    "this-month": Preset("This month", "month", _running("month")),
    "last-month": Preset("Last month", "month", _last_month),
    "this-quarter": Preset("This quarter", "quarter", _running("quarter")),
    "ytd": Preset("YTD", "year", _running("year")),
    "365d": Preset("365d", "day", rolling(365)),
}

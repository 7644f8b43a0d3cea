"""The numbers of a report's summary, each beside the same number of the period before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from common import comparison as rules
from common.comparison import Comparison
from common.presets import Days, first_of, months_before
from semantic.catalog import Catalog, Metric
from semantic.comparison import change, compare
from semantic.query import answer
from semantic.reports import numbers
from semantic.reports.content import Figure
from semantic.warehouse import Build

ONE_DAY = timedelta(days=1)


def fill(
    build: Build,
    names: Sequence[str],
    days: Days,
    comparison: Comparison | None,
    today: date,
    digits: int,
    known: Mapping[str, bool],
) -> tuple[Figure, ...]:
    """The figures over the whole days of a comparison, or over `days` where there is none.

    A metric that is not added up over months is that of the newest whole month of `days`, beside the month before.
    """
    month = newest_month(days, today)
    figures: dict[str, Figure] = {}
    for monthly in (False, True):
        chosen = [name for name in names if is_monthly(build.catalog, build.catalog.metric(name)) == monthly]
        beside = rules.of_days(month, "prior", today) if monthly else comparison
        if monthly and month[1] >= today:
            beside = None
        if chosen:
            own = month if monthly else days
            figures |= _figures(build, chosen, own, beside, digits, known, of_month=monthly)
    return tuple(figures[name] for name in names)


def is_monthly(catalog: Catalog, metric: Metric) -> bool:
    """Whether a metric cannot be added up over the months of its mart."""
    mart = catalog.marts[metric.mart]
    return mart.time_grain == "month" and mart.time_column in metric.non_additive_over


def newest_month(days: Days, today: date) -> Days:
    """The newest month with a day in `days` that is over; where none is, the newest one."""
    newest = first_of("month", days[1])
    if newest > first_of("month", days[0]) and _last_day(newest) >= today:
        newest = months_before(newest, 1)
    return newest, _last_day(newest)


def _last_day(month: date) -> date:
    return months_before(month, -1) - ONE_DAY


def _figures(
    build: Build,
    names: Sequence[str],
    days: Days,
    beside: Comparison | None,
    digits: int,
    known: Mapping[str, bool],
    *,
    of_month: bool,
) -> dict[str, Figure]:
    counters = {name: numbers.counter(build.catalog, build.catalog.metric(name)) for name in names}
    metrics = list(dict.fromkeys([*names, *filter(None, counters.values())]))
    table = compare(build, metrics, beside) if beside else answer(build, metrics, start=days[0], end=days[1])
    row = table.to_pylist()[0]
    figures = {}
    for name in names:
        metric = build.catalog.metric(name)
        zero = numbers.empty(metric, known[name])
        raw, earlier = (_value(row, name, counters[name], zero, of) for of in ("", "_previous"))
        figures[name] = Figure(
            metric,
            numbers.shown(metric, raw, digits),
            numbers.shown(metric, earlier, digits) if beside else None,
            change(raw, earlier) if beside else None,
            numbers.badge(metric, raw),
            days if of_month else None,
        )
    return figures


def _value(row: Mapping[str, Any], name: str, counter: str, zero: int | None, of: str) -> Any:
    """A number of all days together, whose row is there also without any rows of its mart: only where its counter
    counts something does its sum lack it."""
    number = row.get(f"{name}{of}")
    return number if number is not None or row.get(f"{counter}{of}") else zero

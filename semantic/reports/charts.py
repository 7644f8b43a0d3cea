"""The tables behind a report's charts, each beside the same of the period before where it has days on its axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pyarrow as pa

from common.comparison import Comparison
from common.presets import MONTHS, Days, first_of, months_before
from semantic import periods
from semantic.catalog import Metric
from semantic.compiler import GRAINS
from semantic.query import answer
from semantic.reports import numbers
from semantic.reports.content import Chart, ChartData, Figure
from semantic.reports.declaration import TIME, ReportChart
from semantic.reports.table import filters_of
from semantic.warehouse import Build

MOST_DAYS = 60
MOST_DAYS_OF_WEEKS = 180
Known = Mapping[str, bool]


def fill(
    build: Build,
    chart: ReportChart,
    days: Days,
    whole: Days,
    comparison: Comparison | None,
    digits: int,
    known: Known,
    table: pa.Table,
    figures: Sequence[Figure],
) -> ChartData:
    """A chart's numbers over whole days: the columns of its `by` (or the one of its label) before those of its metrics.

    `days` are those of the report, `whole` those that are over, `table` its rows, `figures` those of all its metrics
    that are one number. A chart of a mart of months has each month with one of `days`.
    """
    if chart.kind == "table":
        return ChartData(Chart(chart.kind, chart.title, (), (), chart.limit), table.slice(0, chart.limit))
    metrics = [build.catalog.metric(name) for name in chart.metrics]
    if chart.kind == "figure":
        return _figure(chart, next(figure for figure in figures if figure.metric.name == chart.metrics[0]), digits)
    if not _of_months(build, metrics):
        days = whole
    grain = _grain(build, chart, metrics, days)
    by = tuple(grain if name == TIME else name for name in chart.by)
    shown = Chart(chart.kind, chart.title, chart.metrics, (chart.label,) if chart.label else by, chart.limit)
    if grain and by == (grain,):
        return _over_time(build, shown, metrics, grain, days, comparison, digits, known)
    rows = _tidy(_rows(build, chart, by, days), shown, metrics, digits, known)
    return ChartData(shown, _bars(rows, shown) if chart.kind == "bars" else rows)


def _figure(chart: ReportChart, figure: Figure, digits: int) -> ChartData:
    """One number, and the one before it, each as a table of one row."""
    metric, kind = figure.metric, _kind(figure.metric, digits)
    about = {"unit": metric.unit, "label": metric.label, "format": metric.format}
    schema = pa.schema([pa.field(metric.name, kind, metadata=about)])
    now, before = (
        pa.table(
            [pa.array([float(value) if value is not None and kind == pa.float64() else value], kind)], schema=schema
        )
        for value in (figure.value, figure.previous)
    )
    return ChartData(Chart(chart.kind, chart.title, chart.metrics), now, None if figure.previous is None else before)


def grain_of(days: Days) -> str:
    """Days up to 60 of them, weeks up to 180, then months (docs/decisions/0029-the-grain-follows-the-range.md)."""
    length = (days[1] - days[0]).days + 1
    return "day" if length <= MOST_DAYS else "week" if length <= MOST_DAYS_OF_WEEKS else "month"


def _month_end(day: date) -> date:
    return months_before(first_of("month", day), -1) - timedelta(days=1)


def points(grain: str, days: Days) -> list[date]:
    """The first day of each day, week (from Monday), month, quarter or year with a day in the range."""
    if grain == "day":
        return periods.days(*days)
    if grain == "week":
        firsts = [day - timedelta(days=day.weekday()) for day in periods.days(*days)]
    else:
        firsts = [first_of(grain, day) for day in periods.days(*days)]
    return list(dict.fromkeys(firsts))


def _grain(build: Build, chart: ReportChart, metrics: list[Metric], days: Days) -> str:
    """The period on the chart's axis; empty where it has none.

    A mart of months has months, and a metric that is not added up over days has days.
    """
    named = next((name for name in chart.by if name in GRAINS), "")
    if TIME not in chart.by:
        return named
    if any(build.catalog.marts[metric.mart].time_column in metric.non_additive_over for metric in metrics):
        return "month" if _of_months(build, metrics) else "day"
    grain = grain_of(days)
    return "month" if _of_months(build, metrics) and grain not in MONTHS else grain


def _of_months(build: Build, metrics: Sequence[Metric]) -> bool:
    return any(build.catalog.marts[metric.mart].time_grain == "month" for metric in metrics)


def _rows(build: Build, chart: ReportChart, by: tuple[str, ...], days: Days) -> pa.Table:
    ranked = chart.kind == "bars"
    return answer(
        build, chart.metrics, by=by, labels=[chart.label] if chart.label and chart.label not in by else [],
        start=days[0], end=days[1], filters=filters_of(chart.where),
        order=[f"-{chart.metrics[0]}"] if ranked else [], limit=None if ranked else chart.limit,
    )  # fmt: skip


def _bars(table: pa.Table, chart: Chart) -> pa.Table:
    """The rows that have a bar: a loss has one, zero has none."""
    rows = table.select(list(chart.metrics)).to_pylist()
    return table.filter(pa.array([any(value != 0 for value in row.values()) for row in rows], pa.bool_())).slice(
        0, chart.limit
    )


def _tidy(table: pa.Table, chart: Chart, metrics: list[Metric], digits: int, known: Known) -> pa.Table:
    """The chart's columns, with the numbers as they are shown."""
    rows = table.select([*chart.by, *chart.metrics]).to_pylist()
    return _table(rows, chart, metrics, digits, known, table.schema)


def _over_time(
    build: Build,
    chart: Chart,
    metrics: list[Metric],
    grain: str,
    days: Days,
    comparison: Comparison | None,
    digits: int,
    known: Known,
) -> ChartData:
    """A row for each point of the axis, also of the earlier period. Months of a mart of months are not compared."""
    axis = points(grain, days)
    now = answer(build, chart.metrics, by=(grain,), start=days[0], end=days[1])
    table = _on(axis, now, chart, metrics, digits, known)
    if _of_months(build, metrics):
        return ChartData(chart, table, months=(first_of("month", days[0]), _month_end(days[1])))
    if comparison is None:
        return ChartData(chart, table)
    first, last = comparison.earlier(grain)
    earlier = answer(build, chart.metrics, by=(grain,), start=first, end=last, beside=comparison)
    return ChartData(chart, table, _on(axis, earlier, chart, metrics, digits, known) if earlier.num_rows else None)


def _on(axis: list[date], table: pa.Table, chart: Chart, metrics: list[Metric], digits: int, known: Known) -> pa.Table:
    (grain,) = chart.by
    rows = {row[grain]: row for row in table.to_pylist()}
    return _table([rows.get(point, {grain: point}) for point in axis], chart, metrics, digits, known, table.schema)


def _table(
    rows: list[dict[str, Any]], chart: Chart, metrics: list[Metric], digits: int, known: Known, schema: pa.Schema
) -> pa.Table:
    columns, fields = [], []
    for name in chart.by:
        columns.append(pa.array([row.get(name) for row in rows], schema.field(name).type))
        fields.append(schema.field(name))
    for metric in metrics:
        zero = numbers.empty(metric, known[metric.name])
        values = [numbers.value(metric, row, metric.name, zero) for row in rows]
        kind = _kind(metric, digits)
        shown = [numbers.shown(metric, value, digits) for value in values]
        columns.append(pa.array([float(v) if v is not None and kind == pa.float64() else v for v in shown], kind))
        fields.append(schema.field(metric.name).with_type(kind))
    return pa.table(columns, schema=pa.schema(fields, metadata=schema.metadata))


def _kind(metric: Metric, digits: int) -> pa.DataType:
    if metric.unit == "count":
        return pa.int64()
    return pa.decimal128(38, numbers.places(metric, digits)) if metric.unit == "money" else pa.float64()

"""The rows of a report: each column typed, with its unit, label and format in the metadata of its field."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from common.presets import Days
from semantic import periods
from semantic.catalog import Metric
from semantic.compiler import GRAINS
from semantic.filters import Filters
from semantic.query import answer
from semantic.reports import numbers
from semantic.reports.declaration import PACE_DAYS, Report, ReportColumn, Where
from semantic.reports.numbers import rounded
from semantic.warehouse import Build, Currency

Row = dict[str, Any]
_MARKS = {"percent": ("percent", ",.2f"), "share": ("ratio", ".1%"), "pace": ("count", ",.2f"), "badge": ("badge", "")}
"""Unit and format of a column that does not show the metric's value itself."""


def fill(
    build: Build,
    report: Report,
    days: Days,
    newest: date,
    currency: Currency,
    known: Mapping[str, bool],
) -> pa.Table:
    """The table of a report over `days`, both included.

    Money is a decimal with the currency's places (averages rounded half up; advertising by campaign or ad has six),
    ratios and paces are decimals of six places, percentages of four, counts are whole numbers, days are dates. Nothing
    is known of days after `newest`.
    """
    before = PACE_DAYS - 1 if any(column.show == "pace" for column in report.columns) else 0
    first = days[0] - timedelta(days=before)
    plain = [column for column in report.columns if not column.where]
    rows, schema = _rows(build, report, plain, first, days[1])
    if len(plain) < len(report.columns):
        picked, schema = _picked(build, report, days)
        rows = [{**row, **picked} for row in rows]
    arrays, fields = [], []
    for column in report.columns:
        metric = build.catalog.metrics.get(column.of)
        if metric is None:
            values = [row.get(column.of) for row in rows]
        else:
            zero = numbers.empty(metric, known[metric.name])
            raw = [_known(metric, row, column, newest, zero) for row in rows]
            values = _shown(metric, column, raw, currency.digits)[before:]
        kind = _type(metric, column, currency.digits, schema)
        arrays.append(pa.array(values if metric else values[before:], kind))
        name = column.name.format(currency=currency.code.lower())
        fields.append(pa.field(name, kind, metadata=_metadata(build, metric, column, report) | _words(schema, column)))
    table = pa.table(arrays, schema=pa.schema(fields, metadata=schema.metadata))
    return _without_empty(table) if report.without_empty else table


def _rows(
    build: Build, report: Report, columns: Sequence[ReportColumn], first: date, last: date
) -> tuple[list[Row], pa.Schema]:
    """The answer's rows by the names of metrics and dimensions, each day once where the report has every day."""
    if not columns:
        return [{}], pa.schema([])
    table = answer(
        build, _metrics(build, columns), by=report.by, labels=report.labels, start=first, end=last,
        filters=filters_of(report.where), order=report.order, limit=report.limit, only=report.only,
    )  # fmt: skip
    rows = table.to_pylist()
    if report.every_day:
        by_day = {row["day"]: row for row in rows}
        rows = [by_day.get(day, {"day": day}) for day in periods.days(first, last)]
    return rows, table.schema


def _picked(build: Build, report: Report, days: Days) -> tuple[Row, pa.Schema]:
    """The values of columns that pick one group, by the column's name.

    A group that has no rows in these days is zero where it has any on other days, else unknown.
    """
    row: Row = {}
    schema = pa.schema([])
    for keys in dict.fromkeys(tuple(column.where) for column in report.columns if column.where):
        columns = [column for column in report.columns if tuple(column.where) == keys]
        metrics = _metrics(build, columns)
        filters = filters_of(report.where)
        now = answer(build, metrics, by=keys, start=days[0], end=days[1], filters=filters)
        ever = answer(build, metrics, by=keys, filters=filters)
        schema = now.schema
        for column in columns:
            value = _group(now, column)
            metric = build.catalog.metric(column.of)
            is_zero = value is None and metric.adds_up and not metric.unknown_with
            row[column.name] = 0 if is_zero and _group(ever, column) is not None else value
    return row, schema


def _group(table: pa.Table, column: ReportColumn) -> Any:
    """The value of the group that a column picks; None where there is none."""
    for row in table.to_pylist():
        if all(_text(row[name]) == value for name, value in column.where.items()):
            return row[column.of]
    return None


def filters_of(where: Where) -> Filters:
    """The filters of a declaration."""
    return {name: [value] for name, value in where.items()}


def _text(value: Any) -> str:
    """A dimension's value as a declaration writes it: true, 3, Online store."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _metrics(build: Build, columns: Sequence[ReportColumn]) -> list[str]:
    return list(dict.fromkeys(column.of for column in columns if column.of in build.catalog.metrics))


def _known(metric: Metric, row: Row, column: ReportColumn, newest: date, zero: int | None) -> Any:
    """A number of a row; without rows of its own, what its metric is then, and nothing for a day yet to come."""
    if column.where:
        return row[column.name]
    if row.get(column.of) is None and "day" in row and row["day"] > newest:
        return None
    return numbers.value(metric, row, column.of, zero)


def _shown(metric: Metric, column: ReportColumn, values: Sequence[Any], digits: int) -> list[Any]:
    """The column's values as it shows them."""
    match column.show:
        case "badge":
            return [numbers.badge(metric, value) for value in values]
        case "percent":
            return [rounded(value, 4, 100) for value in values]
        case "share":
            total = sum(value for value in values if value is not None)
            return [rounded(Decimal(v) / total, 6) if total and v is not None else None for v in values]
        case "pace":
            return _pace(values)
    return list(values) if metric.unit == "count" else [rounded(v, numbers.places(metric, digits)) for v in values]


def _pace(values: Sequence[int | None]) -> list[Decimal | None]:
    """For each day, the average over it and the six days before. Days before the first value count as zero."""
    window: deque[int] = deque(maxlen=PACE_DAYS)
    paces = []
    for value in values:
        window.append(value or 0)
        paces.append(None if value is None else rounded(Decimal(sum(window)) / PACE_DAYS, 6))
    return paces


def _type(metric: Metric | None, column: ReportColumn, digits: int, schema: pa.Schema) -> pa.DataType:
    if metric is None:
        kind = schema.field(column.of).type
        if pa.types.is_integer(kind):
            return pa.int64()
        return kind if pa.types.is_date(kind) or pa.types.is_boolean(kind) else pa.string()
    match column.show:
        case "badge":
            return pa.string()
        case "percent":
            return pa.decimal128(38, 4)
        case "share" | "pace":
            return pa.decimal128(38, 6)
    return pa.int64() if metric.unit == "count" else pa.decimal128(38, numbers.places(metric, digits))


def _metadata(build: Build, metric: Metric | None, column: ReportColumn, report: Report) -> dict[str, str]:
    """`of` is the metric or dimension that the column shows; `label` its heading for people."""
    label = column.label or _label(build, metric, column, report)
    if metric is None:
        return {"label": label, "of": column.of}
    unit, format = _MARKS.get(column.show, (metric.unit, metric.format))
    if column.show == "pace" and metric.unit == "money":
        unit = "money"
    return {"unit": unit, "label": label, "format": format, "of": metric.name, "show": column.show}


def _words(schema: pa.Schema, column: ReportColumn) -> dict[str, str]:
    """What people read in place of a dimension's values, where it has such words."""
    place = schema.get_field_index(column.of)
    words = (schema.field(place).metadata or {}).get(b"words") if place >= 0 else None
    return {"words": words.decode()} if words else {}


def _label(build: Build, metric: Metric | None, column: ReportColumn, report: Report) -> str:
    if metric is not None:
        texts = {"share": "Share of {}", "pace": "{} per day, 7 days", "percent": "{}, %", "badge": "{}, rating"}
        label = metric.label[:1].lower() + metric.label[1:] if column.show == "share" else metric.label
        return texts.get(column.show, "{}").format(label)
    if column.of in GRAINS:
        return column.of.capitalize()
    marts = [build.catalog.marts[build.catalog.metrics[item.of].mart] for item in report.columns
             if item.of in build.catalog.metrics]  # fmt: skip
    return next(item.label for mart in marts for item in mart.columns if item.name == column.of)


def _without_empty(table: pa.Table) -> pa.Table:
    """The rows in which some metric differs from zero."""
    fields = [field.name for field in table.schema if (field.metadata or {}).get(b"unit") in (b"money", b"count")]
    of_metrics = [table.column(name).to_pylist() for name in fields]
    return table.filter(pa.array([any(values) for values in zip(*of_metrics, strict=True)], pa.bool_()))

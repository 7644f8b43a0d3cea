"""Computes a report from the published build and writes it to a file."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from semantic import periods
from semantic.catalog import Catalog, Metric
from semantic.errors import NoDataError, UnknownNameError
from semantic.query import answer
from semantic.reports import csv
from semantic.reports.definitions import PACE_DAYS, REPORTS, Report, ReportColumn
from semantic.warehouse import Build, open_build

FORMATS = ("csv",)
Row = dict[str, Any]


def run_report(published: Path, name: str, start: date, end: date, *, tenant: str | None = None) -> pa.Table:
    """A report of one tenant from `start` to `end`, both included.

    Money is a decimal with the currency's places (averages rounded half up), ratios and paces are decimals of six
    places, percentages of four, counts are whole numbers, days are dates. Raises a SemanticError that says what to do.
    """
    if name not in REPORTS:
        raise UnknownNameError("report", name, REPORTS)
    report = REPORTS[name]
    periods.check(start, end)
    with open_build(published, tenant) as build:
        return _fill(build, report, start, end)


def write_report(
    published: Path,
    name: str,
    start: date,
    end: date,
    *,
    folder: Path,
    tenant: str | None = None,
    format: str = "csv",
) -> Path:
    """Write a report to `<report>-<from>-<to>.<format>` in `folder`, complete or not at all. Returns its path."""
    if format not in FORMATS:
        raise UnknownNameError("format", format, FORMATS)
    table = run_report(published, name, start, end, tenant=tenant)
    rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
    return csv.write(folder / csv.file_name(name, start, end), table.column_names, rows)


def _fill(build: Build, report: Report, start: date, end: date) -> pa.Table:
    currency = build.currency()
    if currency is None:
        raise NoDataError(
            f"No report for {build.tenant}",
            "the published build has no rows of this tenant, so its currency is unknown",
            "Load its sources with `takings run`",
        )
    metrics = list(dict.fromkeys(column.of for column in report.columns if column.of in build.catalog.metrics))
    before = PACE_DAYS - 1 if any(column.show == "pace" for column in report.columns) else 0
    first = start - timedelta(days=before)
    table = answer(
        build, metrics, by=report.by, labels=report.labels, start=first, end=end,
        order=report.order, limit=report.limit, only=report.only,
    )  # fmt: skip
    rows = table.to_pylist()
    if report.every_day:
        by_day = {row["day"]: row for row in rows}
        rows = [by_day.get(day, {"day": day}) for day in periods.days(first, end)]
    columns = [_column(build.catalog, column, rows, currency.digits)[before:] for column in report.columns]
    names = [column.name.format(currency=currency.code.lower()) for column in report.columns]
    arrays = [
        pa.array(values, _type(build.catalog, column, currency.digits))
        for values, column in zip(columns, report.columns, strict=True)
    ]
    return pa.table(arrays, names=names).replace_schema_metadata(table.schema.metadata)


def _column(catalog: Catalog, column: ReportColumn, rows: Sequence[Row], digits: int) -> list[Any]:
    """The column's values, one per row. Without activity, a count or an amount is zero and a ratio is empty."""
    metric = catalog.metrics.get(column.of)
    values: list[Any] = [row.get(column.of) for row in rows]
    if metric is None:
        return values
    if metric.kind != "ratio":
        values = [0 if value is None else value for value in values]
    match column.show:
        case "badge":
            values = [_badge(metric, value) for value in values]
        case "percent":
            values = [_round(value, 4, 100) for value in values]
        case "share":
            total = sum(values)
            values = [_round(Decimal(value) / total, 6) if total else None for value in values]
        case "pace":
            values = _pace(values)
        case "value" if metric.unit != "count":
            values = [_round(value, digits if metric.unit == "money" else 6) for value in values]
    return values


def _pace(values: Sequence[int]) -> list[Decimal | None]:
    """For each day, the average over it and the six days before. Days before the first value count as zero."""
    window: deque[int] = deque(maxlen=PACE_DAYS)
    paces = []
    for value in values:
        window.append(value)
        paces.append(_round(Decimal(sum(window)) / PACE_DAYS, 6))
    return paces


def _badge(metric: Metric, value: float | Decimal | None) -> str | None:
    """The colour of the unrounded ratio. A value at a limit has the better colour."""
    if value is None or not metric.thresholds:
        return None
    if value <= metric.thresholds["green"]:
        return "green"
    return "yellow" if value <= metric.thresholds["yellow"] else "red"


def _round(value: float | Decimal | None, places: int, times: int = 1) -> Decimal | None:
    """Round half up, from the shortest decimal that equals the float."""
    if value is None:
        return None
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return (exact * times).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _type(catalog: Catalog, column: ReportColumn, digits: int) -> pa.DataType:
    metric = catalog.metrics.get(column.of)
    if metric is None:
        return pa.date32() if column.of == "day" else pa.string()
    match column.show:
        case "badge":
            return pa.string()
        case "percent":
            return pa.decimal128(38, 4)
        case "share" | "pace":
            return pa.decimal128(38, 6)
    if metric.unit == "count":
        return pa.int64()
    return pa.decimal128(38, digits if metric.unit == "money" else 6)

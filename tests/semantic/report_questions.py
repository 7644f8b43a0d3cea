"""What a report must show, computed once more from the answers of `takings query`: rounding, shares, averages of seven
days, percentages, zero or unknown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from semantic.catalog import Catalog, Metric
from semantic.query import answer
from semantic.reports.declaration import Report, ReportColumn
from semantic.warehouse import Build
from tests.semantic import report_files


@dataclass(frozen=True)
class Case:
    """A tenant's report over a range; `newest` is the last day of which its build knows something."""

    build: str
    tenant: str
    days: tuple[date, date]
    period: str | None
    newest: date


@dataclass
class Questions:
    """The answers to a case's questions, and what a report makes of them."""

    build: Build
    case: Case
    digits: int
    known: dict[str, bool] = field(default_factory=dict)

    def rows(self, metrics: Sequence[str], by: Sequence[str], days: tuple[date, date] | None) -> list[dict[str, Any]]:
        start, end = days or (None, None)
        return answer(self.build, metrics, by=by, start=start, end=end).to_pylist()

    @property
    def catalog(self) -> Catalog:
        return self.build.catalog

    def is_known(self, name: str) -> bool:
        """Whether any row of the metric's mart has a number of what it is made of."""
        if name not in self.known:
            self.known[name] = self._is_known(self.catalog.metrics[name])
        return self.known[name]

    def _is_known(self, metric: Metric) -> bool:
        if metric.unknown_with:  # of the same column, whole or not
            same = [other for other in self._metrics_of(metric) if other.expr == metric.expr and not other.unknown_with]
            return self.is_known(same[0].name)
        if metric.expr.startswith("COALESCE"):
            return any(self.is_known(part) for part in metric.inputs)
        if metric.inputs:
            return all(self.is_known(part) for part in metric.inputs)
        mart = self.catalog.marts[metric.mart]
        by = [mart.time_grain or "day" if item == mart.time_column else item for item in metric.non_additive_over]
        return any(row[metric.name] is not None for row in self.rows([metric.name], by, None))

    def _metrics_of(self, metric: Metric) -> list[Metric]:
        return [other for other in self.catalog.metrics.values() if other.mart == metric.mart]

    def over(self, metric: Metric, days: tuple[date, date]) -> Any:
        """A metric over all days: unknown where what it lacks is counted, else zero without rows."""
        (row,) = self.rows([metric.name], [], days)
        if row[metric.name] is None and metric.unknown_with:
            (lacking,) = [other.name for other in self._metrics_of(metric) if other.expr == metric.unknown_with]
            if self.rows([lacking], [], days)[0][lacking]:
                return None
        return self.zero(metric) if row[metric.name] is None else row[metric.name]

    def zero(self, metric: Metric) -> int | None:
        """What the metric is without rows."""
        adds_up = metric.adds_up and not metric.non_additive_over
        return 0 if adds_up and self.is_known(metric.name) else None

    def value(self, metric: Metric, answer: Any) -> Decimal | None:
        """An answer, zero where nothing happened, with the places of its unit."""
        raw = self.zero(metric) if answer is None else answer
        if raw is None or metric.unit == "count":
            return None if raw is None else Decimal(raw)
        if metric.unit == "ratio":
            return rounded(raw, 6)
        return rounded(raw, 6 if metric.micros and metric.kind != "ratio" else self.digits)


def rounded(value: Any, places: int) -> Decimal:
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def expected_table(questions: Questions, report: Report) -> list[list[Any]]:
    """The report's cells, from answers."""
    if any(column.where for column in report.columns):
        return [[one_group(questions, report, column) for column in report.columns]]
    metrics = list(dict.fromkeys(column.of for column in report.columns if column.of in questions.catalog.metrics))
    by = [*report.by, *(name for name in report.where if name not in report.by)]
    if report.by == ("day",):
        return by_day(questions, report, metrics)
    rows = questions.rows(metrics, by, questions.case.days)
    labels = questions.rows(metrics, [*by, *report.labels], questions.case.days) if report.labels else []
    newest_label = labels_of(labels, by, report.labels)
    rows = [row for row in rows if all(str(row[name]) == value for name, value in report.where.items())]
    if report.only:
        rows = [row for row in rows if (row[report.only] or 0) > 0]
    if report.without_empty:
        rows = [row for row in rows if any(row[name] for name in metrics if is_sum(questions, name))]
    for order in reversed(report.order):
        name = order.removeprefix("-")
        known = sorted(
            (row for row in rows if row[name] is not None), key=lambda row: row[name], reverse=order[0] == "-"
        )
        rows = known + [row for row in rows if row[name] is None]
    rows = rows[: report.limit]
    return [
        [
            newest_label[tuple(row[name] for name in by)][column.of]
            if column.of in report.labels
            else shown(questions, column, row, rows)
            for column in report.columns
        ]
        for row in rows
    ]


def labels_of(rows: list[dict[str, Any]], by: list[str], labels: Sequence[str]) -> dict[Any, dict[str, Any]]:
    """For each group the last of its labels, in order."""
    groups: dict[Any, dict[str, Any]] = {}
    for row in rows:
        group = groups.setdefault(tuple(row[name] for name in by), dict.fromkeys(labels))
        for name in labels:
            group[name] = max((value for value in (group[name], row[name]) if value is not None), default=None)
    return groups


def is_sum(questions: Questions, name: str) -> bool:
    return questions.catalog.metrics[name].kind != "ratio"


def shown(questions: Questions, column: ReportColumn, row: dict[str, Any], rows: list[dict[str, Any]]) -> Any:
    """A cell of a row."""
    metric = questions.catalog.metrics.get(column.of)
    if metric is None:
        return report_files.plain(row[column.of])
    answer = row[column.of]
    match column.show:
        case "percent":
            return None if answer is None else rounded(Decimal(repr(answer)) * 100, 4)
        case "badge":
            return badge(metric, answer)
        case "share":
            total = sum(other[column.of] or 0 for other in rows)
            part = questions.zero(metric) if answer is None else answer
            return None if not total or part is None else half_up(Fraction(part) / Fraction(total), 6)
    return questions.value(metric, answer)


def badge(metric: Metric, value: float | None) -> str | None:
    assert metric.thresholds
    if value is None:
        return None
    colours = [name for name in ("green", "yellow") if value <= metric.thresholds[name]]
    return [*colours, "red"][0]


def half_up(value: Fraction, places: int) -> Decimal:
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def by_day(questions: Questions, report: Report, metrics: list[str]) -> list[list[Any]]:
    """A row for each day of the range; a pace is the mean of the seven days that end with it."""
    start, end = questions.case.days
    before = start - timedelta(days=6)
    answers = {row["day"]: row for row in questions.rows(metrics, ["day"], (before, end))}
    cells = []
    for day in (start + timedelta(days=number) for number in range((end - start).days + 1)):
        line: list[Any] = []
        for column in report.columns:
            metric = questions.catalog.metrics.get(column.of)
            answer = answers.get(day, {}).get(column.of)
            if metric is None:
                line.append(day)
            elif answer is None and day > questions.case.newest:
                line.append(None)
            elif column.show == "pace":
                week = [answers.get(day - timedelta(days=n), {}).get(column.of) or 0 for n in range(7)]
                line.append(half_up(Fraction(sum(week), 7), 6) if questions.is_known(column.of) else None)
            elif answer is None and metric.unknown_with and day in answers:
                line.append(None)  # the day has rows, of which one lacks it
            else:
                line.append(questions.value(metric, answer))
        cells.append(line)
    return cells


def one_group(questions: Questions, report: Report, column: ReportColumn) -> Any:
    """A cell that picks one group: zero where it is known on other days."""
    metric = questions.catalog.metrics[column.of]
    where = {**report.where, **column.where}

    def pick(days: tuple[date, date] | None) -> Any:
        rows = questions.rows([column.of], list(where), days)
        return next((row[column.of] for row in rows if all(str(row[name]) == where[name] for name in where)), None)

    value = pick(questions.case.days)
    if value is None and metric.kind != "ratio" and pick(None) is not None:
        value = 0
    if column.show == "percent":
        return None if value is None else rounded(Decimal(repr(value)) * 100, 4)
    return None if value is None else Decimal(value)

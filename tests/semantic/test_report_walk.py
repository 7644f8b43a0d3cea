"""Every figure and every cell of every report, read back from each format, equals the answer to the same question.

The questions are those of `takings query`, and what a report does with the answers (round half up, shares,
averages of seven days, percentages, zero or unknown) is computed here once more.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from pyarrow import parquet

from semantic import catalog as catalogs
from semantic.catalog import Catalog, Metric
from semantic.query import answer
from semantic.reports.brand import Brand
from semantic.reports.content import ChartData, Content, Figure
from semantic.reports.declaration import Report, ReportChart, ReportColumn
from semantic.reports.fill import fill, fill_build
from semantic.reports.formats import FORMATS
from semantic.reports.library import built_in
from semantic.warehouse import Build, open_build
from tests.semantic import report_files, synthetic
from tests.superset_assets import marts

NOW = datetime.now(UTC)
READ = (NOW - timedelta(hours=60)).date()
"""The newest day of the made-up shops: their sources were read sixty hours ago."""
WEEK = date(2026, 4, 12)
FILES = ("csv", "xlsx", "parquet", "json")
MONEY_OF_ADS = ("ad_spend_minor", "impressions", "clicks", "platform_purchases", "platform_purchase_value_minor")


@dataclass(frozen=True)
class Case:
    """A tenant's report over a range; `newest` is the last day of which its build knows something."""

    build: str
    tenant: str
    days: tuple[date, date]
    period: str | None
    newest: date


def cases() -> list[Any]:
    """Two shops with real-looking rows, of which one has no advertising; and random rows in yen and dinars."""
    thirty = (READ - timedelta(days=29), READ)
    days = {
        "30d": (thirty, "30d"),
        "one day": ((READ - timedelta(days=4),) * 2, None),
        "two years": ((READ - timedelta(days=729), READ - timedelta(days=1)), None),
        "no data": ((date(2020, 1, 1), date(2020, 1, 10)), None),
        "days to come": ((READ - timedelta(days=9), READ + timedelta(days=2)), None),
    }
    shops = [("aurora", name) for name in days] + [("nordlicht", "30d"), ("nordlicht", "two years")]
    chosen = [(f"{tenant}, {name}", Case("shops", tenant, *days[name], READ)) for tenant, name in shops]
    for tenant in ("hinode", "souq"):
        whole = (WEEK - timedelta(days=20), WEEK)
        chosen.append((f"{tenant}, random rows", Case("random", tenant, whole, None, date(2026, 5, 9))))
    return [pytest.param(case, id=name) for name, case in chosen]


@pytest.fixture(scope="module")
def builds(catalog: Catalog, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The published folders by name."""
    folder = tmp_path_factory.mktemp("reports")
    run = marts.publish(folder / "shops", "run-1", days=420)
    catalogs.save(catalog, run)
    without_ads(run / "tenant-nordlicht.duckdb")
    rows = synthetic.awkward_rows()
    in_dinars = {"tenant_id": "souq", "currency": "KWD", "minor_units": 1000}
    for mart, items in rows.items():
        own = synthetic.contracts()[mart]
        changed = {name: value for name, value in in_dinars.items() if name in own}
        rows[mart] = items + [{**row, **changed} for row in items if row["tenant_id"] == "hinode"]
    return {"shops": folder / "shops", "random": synthetic.publish(folder / "random", catalog, rows)}


def without_ads(path: Path) -> None:
    """The build of a tenant that has no ad account, as int_known_sources makes it."""
    with duckdb.connect(str(path)) as db:
        empty = ", ".join(f"{name} = NULL" for name in MONEY_OF_ADS)
        db.execute(f"UPDATE marts.metrics_daily SET {empty}")
        db.execute("UPDATE marts.finance_monthly SET ad_spend_minor = NULL")
        db.execute("DELETE FROM marts.spend")


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
        if metric.expr.startswith("COALESCE"):
            return any(self.is_known(part) for part in metric.inputs)
        if metric.inputs:
            return all(self.is_known(part) for part in metric.inputs)
        mart = self.catalog.marts[metric.mart]
        by = [mart.time_grain or "day" if item == mart.time_column else item for item in metric.non_additive_over]
        return any(row[metric.name] is not None for row in self.rows([metric.name], by, None))

    def zero(self, metric: Metric) -> int | None:
        """What the metric is without rows."""
        adds_up = metric.kind != "ratio" and not metric.non_additive_over
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


def check_figure(questions: Questions, content: Content, figure: Figure) -> None:
    """A figure and the earlier one are the answers over their days; the change is the one beside the other."""
    name, comparison = figure.metric.name, content.comparison
    days = figure.days or (comparison.now if comparison else content.days)
    (row,) = questions.rows([name], [], days)
    answer = questions.zero(figure.metric) if row[name] is None else row[name]
    assert same(figure.value, answer, figure.metric, questions.digits), (name, figure.value, answer)
    if figure.previous is None or comparison is None:
        assert figure.change is None
        return
    before = comparison.before if figure.days is None else month_before(figure.days)
    (earlier,) = questions.rows([name], [], before)
    previous = questions.zero(figure.metric) if earlier[name] is None else earlier[name]
    assert same(figure.previous, previous, figure.metric, questions.digits), (name, figure.previous, previous)
    if figure.change is None:
        assert answer is None or previous <= 0
    else:
        assert figure.change == pytest.approx(float(Fraction(answer) / Fraction(previous) - 1), rel=1e-9, abs=1e-12)


def month_before(days: tuple[date, date]) -> tuple[date, date]:
    last = days[0] - timedelta(days=1)
    return last.replace(day=1), last


def same(value: Any, answer: Any, metric: Metric, digits: int) -> bool:
    if value is None or answer is None:
        return value is None and answer is None
    if metric.unit == "money" and isinstance(answer, float):
        return bool(value == rounded(answer, digits))
    return bool(value == answer)


@pytest.mark.parametrize("name", sorted(built_in()))
@pytest.mark.parametrize("case", cases())
def test_report_says_in_every_format_what_a_query_answers(builds: dict[str, Path], case: Case, name: str) -> None:
    report = built_in()[name].report
    with open_build(builds[case.build], case.tenant) as build:
        content = fill_build(build, built_in()[name], *case.days, now=NOW, period=case.period)
        questions = Questions(build, case, content.currency.digits)
        expected = [[report_files.plain(cell) for cell in line] for line in expected_table(questions, report)]
        files = {format: FORMATS[format].dump(content, Brand("Shop")) for format in FILES}
        for format, file in files.items():
            assert report_files.rows(format, file, content.table.schema) == expected, format
        assert [figure.metric.name for figure in content.figures] == list(report.figures)
        for figure in content.figures:
            check_figure(questions, content, figure)
        check_figures_in_files(content, files)
        check_charts(questions, content, report, json.loads(files["json"], parse_float=Decimal))


def test_a_number_that_is_a_cent_off_is_found_in_every_format(builds: dict[str, Path]) -> None:
    content = fill(builds["shops"], "revenue-by-day", READ, READ, tenant="aurora", now=NOW)
    (row,) = content.table.to_pylist()
    wrong = pa.Table.from_pylist([{**row, "revenue_usd": row["revenue_usd"] + Decimal("0.01")}], content.table.schema)
    expected = [[report_files.plain(value) for value in row.values()]]
    for format in FILES:
        file = FORMATS[format].dump(replace(content, table=wrong), Brand("Shop"))
        assert report_files.rows(format, file, content.table.schema) != expected


def check_figures_in_files(content: Content, files: dict[str, bytes]) -> None:
    """JSON and Excel have the figures; Excel's ratios have the sixteen digits of a file."""
    numbers = [(figure.value, figure.previous, figure.change) for figure in content.figures]
    document = json.loads(files["json"])
    for written, figure in zip(document["figures"], numbers, strict=True):
        for key, number in zip(("value", "previous", "change"), figure, strict=True):
            assert written[key] == (float(number) if isinstance(number, Decimal) else number)
    sheets = report_files.workbook(files["xlsx"])
    assert list(sheets)[1] == "About"
    for line, figure in zip(sheets["Figures"][1:], numbers, strict=True):
        for cell, number in zip(line[1:4], figure, strict=True):
            if number is None or isinstance(number, Decimal):
                assert (None if cell.value is None else Decimal(cell.value)) == number
            else:
                assert cell.value is not None and float(cell.value) == pytest.approx(number, rel=1e-14)
    facts = parquet.read_schema(io.BytesIO(files["parquet"])).metadata
    assert (facts[b"tenant"], facts[b"report"]) == (content.tenant.encode(), content.name.encode())


def check_charts(questions: Questions, content: Content, report: Report, document: dict[str, Any]) -> None:
    """The points of a line, the bars, the steps and the fields are the answers for their groups; JSON has them all."""
    for chart, declared, written in zip(content.charts, report.charts, document["charts"], strict=True):
        assert len(written["rows"]) == chart.table.num_rows
        if chart.chart.kind == "line":
            check_line(questions, content, chart)
        elif chart.chart.kind in ("bars", "funnel", "heatmap"):
            check_groups(questions, content, chart, declared)
        elif chart.chart.kind == "figure":
            figure = next((item for item in content.figures if item.metric.name == declared.metrics[0]), None)
            assert figure is None or chart.table.to_pylist() == [{figure.metric.name: figure.value}]


def days_of(questions: Questions, content: Content, metrics: Sequence[str]) -> tuple[date, date]:
    """Whole days; of a mart of months all months of the report."""
    months = questions.catalog.marts[questions.catalog.metrics[metrics[0]].mart].time_grain == "month"
    return content.comparison.now if content.comparison and not months else content.days


def check_line(questions: Questions, content: Content, chart: ChartData) -> None:
    (grain,) = chart.chart.by
    days = days_of(questions, content, chart.chart.metrics)
    answers = {row[grain]: row for row in questions.rows(chart.chart.metrics, [grain], days)}
    assert answers.keys() <= set(chart.table.column(grain).to_pylist())
    for row in chart.table.to_pylist():
        for name in chart.chart.metrics:
            metric = questions.catalog.metrics[name]
            answer = answers.get(row[grain], {}).get(name)
            assert same(row[name], questions.zero(metric) if answer is None else answer, metric, questions.digits)


def check_groups(questions: Questions, content: Content, chart: ChartData, declared: ReportChart) -> None:
    (name,) = declared.metrics
    metric = questions.catalog.metrics[name]
    by = [*declared.by, *(key for key in declared.where if key not in declared.by)]
    rows = [
        row[name]
        for row in questions.rows([name], by, days_of(questions, content, [name]))
        if all(str(row[key]) == value for key, value in declared.where.items())
    ]
    values = chart.table.column(name).to_pylist()
    if declared.kind == "bars":
        rows = sorted((value for value in rows if value is not None and value > 0), reverse=True)[: declared.limit]
    assert len(values) == len(rows)
    for value, row in zip(values, rows, strict=True):
        assert same(value, questions.zero(metric) if row is None else row, metric, questions.digits)

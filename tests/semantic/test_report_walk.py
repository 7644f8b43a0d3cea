"""Every figure and every cell of every report, read back from each format, equals the answer to the same question.

The questions are those of `takings query`, and what a report does with the answers (round half up, shares,
averages of seven days, percentages, zero or unknown) is computed here once more.
"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from pyarrow import parquet

from semantic import catalog as catalogs
from semantic.catalog import Catalog, Metric
from semantic.reports.brand import Brand
from semantic.reports.content import ChartData, Content, Figure
from semantic.reports.declaration import Report, ReportChart
from semantic.reports.fill import fill, fill_build
from semantic.reports.formats import FORMATS
from semantic.reports.library import built_in
from semantic.warehouse import open_build
from tests.semantic import report_files, synthetic
from tests.semantic.report_questions import Case, Questions, expected_table, rounded
from tests.superset_assets import marts

NOW = datetime.now(UTC)
READ = (NOW - timedelta(hours=60)).date()
"""The newest day of the made-up shops: their sources were read sixty hours ago."""
WEEK = date(2026, 4, 12)
FILES = ("csv", "xlsx", "parquet", "json")
MONEY_OF_ADS = ("ad_spend_minor", "impressions", "clicks", "platform_purchases", "platform_purchase_value_minor")


def cases() -> dict[str, Case]:
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
    return dict(chosen)


def walk() -> list[Any]:
    """Each report with each case, as parameters: in `make test` with the first case and with another one in turn."""
    first, *others = cases()
    pairs = []
    for number, report in enumerate(sorted(built_in())):
        chosen = (first, others[number % len(others)])
        pairs += [
            pytest.param(case, report, id=f"{name}-{report}", marks=[] if name in chosen else [pytest.mark.deep])
            for name, case in cases().items()
        ]
    return pairs


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


def check_figure(questions: Questions, content: Content, figure: Figure) -> None:
    """A figure and the earlier one are the answers over their days; the change is the one beside the other."""
    name, comparison = figure.metric.name, content.comparison
    days = figure.days or (comparison.now if comparison else content.days)
    answer = questions.over(figure.metric, days)
    assert same(figure.value, answer, figure.metric, questions.digits), (name, figure.value, answer)
    if figure.previous is None or comparison is None:
        assert figure.change is None
        return
    before = comparison.before if figure.days is None else month_before(figure.days)
    previous = questions.over(figure.metric, before)
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


@pytest.mark.parametrize(("case", "name"), walk())
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
    """JSON and Excel have the figures: ratios in six places, in Excel in the digits of a file."""
    numbers = [(figure.value, figure.previous, figure.change) for figure in content.figures]
    document = json.loads(files["json"])
    for written, figure in zip(document["figures"], numbers, strict=True):
        for key, number in zip(("value", "previous", "change"), figure, strict=True):
            rounded = float(round(Decimal(repr(number)), 6)) if isinstance(number, float) else number
            assert written[key] == (f"{number:f}" if isinstance(number, Decimal) else rounded)
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
        elif chart.chart.kind in ("bars", "funnel", "heatmap", "map"):
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
    metrics = [questions.catalog.metrics[name] for name in declared.metrics]
    by = [*declared.by, *(key for key in declared.where if key not in declared.by)]
    rows = [
        tuple(questions.zero(metric) if row[metric.name] is None else row[metric.name] for metric in metrics)
        for row in questions.rows(declared.metrics, by, days_of(questions, content, declared.metrics))
        if all(str(row[key]) == value for key, value in declared.where.items())
    ]
    values = list(zip(*(chart.table.column(metric.name).to_pylist() for metric in metrics), strict=True))
    if declared.kind == "bars":  # the longest first; equal ones in any order
        rows = sorted((row for row in rows if any(row)), reverse=True)[: declared.limit]
        assert [first for first, *_ in values] == sorted((first for first, *_ in values), reverse=True)
        values.sort(reverse=True)
    assert len(values) == len(rows)
    for shown, row in zip(values, rows, strict=True):
        for value, answer, metric in zip(shown, row, metrics, strict=True):
            assert same(value, answer, metric, questions.digits)


def test_cost_is_zero_in_days_without_chats_and_unknown_in_days_of_which_one_message_lacks_it(
    builds: dict[str, Path], tmp_path: Path
) -> None:
    lacking = READ - timedelta(days=3)
    shutil.copytree(builds["shops"], tmp_path / "shops", symlinks=True)
    with duckdb.connect(str(tmp_path / "shops" / "run-1" / "tenant-aurora.duckdb")) as db:
        db.execute("UPDATE marts.assistant_daily SET messages_without_cost = CAST(date_day = ? AS BIGINT)", [lacking])
    costs = []
    with open_build(tmp_path / "shops", "aurora") as build:
        for days in [
            (date(2020, 1, 1),) * 2,
            (lacking + timedelta(days=1),) * 2,
            (lacking, lacking + timedelta(days=1)),
        ]:
            figures = fill_build(build, built_in()["assistant"], *days, now=NOW).figures
            costs += [figure.value for figure in figures if figure.metric.name == "assistant_cost"]
    assert costs[0] == 0 and costs[1] > 0 and costs[2] is None

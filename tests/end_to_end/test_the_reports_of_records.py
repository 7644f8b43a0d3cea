"""Every number of the reports about chats and event logs equals the oracle: cells, figures and charts."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from semantic.catalog import Metric
from semantic.reports.content import ChartData, Content
from semantic.reports.declaration import Report
from semantic.reports.facts import NOTHING
from semantic.reports.fill import fill_build
from semantic.reports.fillable import fillable
from semantic.reports.library import built_in
from semantic.warehouse import open_build
from tests.end_to_end.test_the_charts_of_records import DAYS, chat, log
from tests.oracle import assistant_answers
from tests.oracle.answers import rounded
from tests.oracle.records import Near, Records, Row
from tests.small_worlds import CREATOR, CREATOR_END, SEEDS, SHOP, SHOP_END, published_assistant, published_creator

REPORTS = ("assistant", "creator", "creator-audience", "creator-ai")
GROUPS = {"day": "date_day", "time": "date_day"}
"""Names of groups in reports, where the oracle's rows have another one."""


@pytest.mark.parametrize("name", REPORTS)
@pytest.mark.parametrize("seed", SEEDS)
def test_report_equals_the_oracle(seed: int, name: str) -> None:
    slug = "assistant" if name == "assistant" else "creator"
    days, report = DAYS[slug], built_in()[name].report
    if slug == "assistant":
        place, tenant, now, records = published_assistant(seed), SHOP, SHOP_END, assistant_answers.records(chat(seed))
    else:
        place, tenant, now, records = published_creator(seed), CREATOR, CREATOR_END, log(seed)
    with open_build(place.home.published, tenant) as build:
        content = fill_build(build, built_in()[name], *days, now=now)
        metrics = build.catalog.metrics
    check_rows(content, report, metrics, records)
    check_figures(content, records)
    for data in content.charts:
        check_chart(data, metrics, records, days)
    assert len(content.charts) == len(report.charts)


def test_tenant_is_offered_the_reports_that_its_sources_fill() -> None:
    every = [declared.report for declared in built_in().values()]
    with open_build(published_creator(11).home.published, CREATOR) as build:
        assert fillable(build, every) == {"creator", "creator-audience", "creator-ai"}
        other = fill_build(build, built_in()["revenue-overview"], *DAYS["creator"], now=CREATOR_END)
        assert NOTHING in other.caveats
    with open_build(published_assistant(11).home.published, SHOP) as build:
        offered = fillable(build, every)
        assert {"assistant", "revenue-overview", "top-products"} <= offered
        assert not {name for name in offered if name.startswith("creator")}


def check_rows(content: Content, report: Report, metrics: dict[str, Metric], records: Records) -> None:
    """The columns that show a group or a value."""
    names = {column.of: name for column, name in zip(report.columns, content.table.column_names, strict=True)
             if column.show == "value"}  # fmt: skip
    numbers = [of for of in names if of in metrics]
    groups = [GROUPS.get(of, of) for of in names if of not in metrics]
    expected = records.groups(numbers, groups, content.comparison.now if content.comparison else None, {})
    shown = [{GROUPS.get(of, of): row[name] for of, name in names.items()} for row in content.table.to_pylist()]
    assert len(expected) > 3
    compare(shown, expected, groups, metrics)


def check_figures(content: Content, records: Records) -> None:
    assert content.comparison and content.figures
    for figure in content.figures:
        metric = figure.metric
        for value, days in ((figure.value, content.comparison.now), (figure.previous, content.comparison.before)):
            (expected,) = records.groups([metric.name], [], days, {})
            assert same(value, expected[metric.name], metric), (metric.name, value, expected)


def check_chart(data: ChartData, metrics: dict[str, Metric], records: Records, days: tuple[Any, Any]) -> None:
    groups = [GROUPS.get(name, name) for name in data.chart.by]
    expected = records.groups(data.chart.metrics, groups, days, {})
    shown = [dict(zip([*groups, *data.chart.metrics], row.values(), strict=True)) for row in data.table.to_pylist()]
    expected = [row for row in expected if any(row[name] for name in data.chart.metrics)]
    if data.chart.limit:
        assert len(shown) == min(len(expected), data.chart.limit)
        names = [row[groups[0]] for row in shown]
        expected = [row for row in expected if row[groups[0]] in names]
    compare(shown, expected, groups, metrics)


def compare(shown: Sequence[Row], expected: Sequence[Row], groups: Sequence[str], metrics: dict[str, Metric]) -> None:
    """Rows by their group; either side may leave out one in which every number is zero or unknown."""

    def by_group(rows: Sequence[Row]) -> dict[tuple[Any, ...], Row]:
        keyed = {tuple(row[name] for name in groups): row for row in rows}
        assert len(keyed) == len(rows)
        return {key: row for key, row in keyed.items() if any(row[name] for name in row if name not in groups)}

    ours, theirs = by_group(shown), by_group(expected)
    assert ours.keys() == theirs.keys()
    wrong = [(key, name, ours[key][name], value) for key, row in theirs.items() for name, value in row.items()
             if name not in groups and not same(ours[key][name], value, metrics[name])]  # fmt: skip
    assert not wrong


def same(ours: Any, theirs: Any, metric: Metric) -> bool:
    """Amounts and counts exactly, ratios to the sixth place. A sum of no rows is zero or unknown."""
    if isinstance(theirs, Near):
        return ours is not None and abs(Fraction(str(ours)) - theirs.value) <= theirs.most
    if ours is None or theirs is None:
        return not ours and not theirs
    places = {"money": 6 if metric.micros and metric.kind != "ratio" else 2, "count": 0, "ratio": 6}[metric.unit]
    if metric.unit == "ratio":
        return abs(Fraction(str(ours)) - Fraction(theirs)) <= Fraction(1, 10**6)
    return bool(rounded(Decimal(str(ours)), places) == rounded(theirs, places))

"""Compares a report's declaration with the metrics and dimensions of a catalog, before anything is asked.

Each mistake is a line of the file and a sentence: an unknown name, a metric that cannot be asked by a dimension or
added up as the report would, a way of showing it that has no meaning, a chart without what its kind needs.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Sequence

from semantic.catalog import Catalog, Mart, Metric
from semantic.compiler import GRAINS
from semantic.errors import CatalogError
from semantic.reports.declaration import TIME, Declared, Report, ReportChart, ReportColumn
from semantic.reports.figures import is_monthly
from semantic.reports.library import FOLDER
from semantic.reports.loader import mistaken

Mistake = tuple[str, str]
"""The place of a setting, and what is wrong there."""


def check(declared: Declared, catalog: Catalog) -> None:
    """Raise ReportError that names every mistake with file and line; CatalogError for a report of Takings itself."""
    mistakes = dict.fromkeys(find(declared.report, catalog))
    if not mistakes:
        return
    error = mistaken(declared.path, [(_line(declared, place), text) for place, text in mistakes])
    if declared.path.parent == FOLDER:
        raise CatalogError(
            f"The published build cannot fill the report {declared.report.name}",
            "another release published it",
            "Build and publish again with `takings run`",
        ) from error
    raise error


def find(report: Report, catalog: Catalog) -> Iterator[Mistake]:
    """Every mistake of a declaration."""
    yield from _figures(report, catalog)
    metrics = [column.of for column in report.columns if column.of in catalog.metrics]
    yield from _rows(report, catalog, metrics)
    for column in report.columns:
        yield from _column(report, catalog, column)
    for number, chart in enumerate(report.charts):
        yield from _chart(chart, f"charts[{number}]", catalog)


def _line(declared: Declared, place: str) -> int:
    """The line of a place, or of the nearest setting around it."""
    while place and place not in declared.lines:
        place = place.rpartition("[")[0] if place.endswith("]") else place.rpartition(".")[0]
    return declared.lines.get(place, 1)


def _figures(report: Report, catalog: Catalog) -> Iterator[Mistake]:
    for number, name in enumerate(report.figures):
        place = f"figures[{number}]"
        metric = catalog.metrics.get(name)
        if metric is None:
            yield place, f"there is no metric {name!r}" + near(name, catalog.metrics)
        elif metric.non_additive_over and not is_monthly(catalog, metric):
            yield place, f"{name} is not one number: it has to be asked by {_listed(metric.non_additive_over)}"


def _rows(report: Report, catalog: Catalog, metrics: Sequence[str]) -> Iterator[Mistake]:
    """What by, labels, order, only and where name."""
    marts = _marts(catalog, metrics)
    if not metrics:
        yield "columns", "no column has a metric"
        return
    known = {name for mart in marts for name in mart.dimensions}
    for key in ("by", "labels"):
        for number, name in enumerate(getattr(report, key)):
            if name not in known and name not in (GRAINS if key == "by" else ()):
                yield f"{key}[{number}]", f"there is no dimension {name!r}" + near(name, [*known, *GRAINS])
    for name in report.where:
        if name not in known:
            yield f"where.{name}", f"there is no dimension {name!r}" + near(name, known)
    if len([name for name in report.by if name in GRAINS]) > 1:
        yield "by", "it names two periods"
    for number, name in enumerate(report.order):
        if name.removeprefix("-") not in (*report.by, *metrics):
            yield f"order[{number}]", f"rows cannot be sorted by {name.removeprefix('-')!r}: no column has it"
    if report.only and (report.only not in metrics or len(marts) > 1):
        why = "no column has it" if report.only not in metrics else "the columns' metrics are in several marts"
        yield "only", f"rows cannot be kept by {report.only!r}: {why}"


def _column(report: Report, catalog: Catalog, column: ReportColumn) -> Iterator[Mistake]:
    place = f"columns.{column.name}"
    metric = catalog.metrics.get(column.of)
    if metric is None:
        if column.of not in (*report.by, *report.labels):
            known = [*catalog.metrics, *report.by, *report.labels]
            yield place, f"{column.of!r} is neither a metric nor in `by` or `labels`" + near(column.of, known)
        elif column.show != "value" or column.where:
            yield place, f"{column.of} is a dimension, which is shown as it is"
        return
    if column.where and report.by:
        yield place, "`where` picks one group of a report without `by`; this one has rows"
    pinned = (*report.where, *column.where)
    yield from ((place, text) for text in _asked(catalog, metric, (*report.by, *pinned), report.labels))
    ratio = metric.unit == "ratio" or not metric.adds_up
    if column.show == "percent" and metric.unit != "ratio":
        yield place, f"{metric.name} is not a ratio, so it has no percentage"
    if column.show == "badge" and not metric.thresholds:
        with_badge = [item.name for item in catalog.metrics.values() if item.thresholds]
        yield place, f"{metric.name} has no thresholds for a badge; these have: {', '.join(with_badge)}"
    if column.show in ("share", "pace") and ratio:
        yield place, f"{metric.name} is a ratio, and ratios are not added up: it has no {column.show}"
    if column.show == "pace" and not report.every_day:
        yield place, "a pace needs a row for each day: `by: [day]`"


def _asked(catalog: Catalog, metric: Metric, by: Sequence[str], labels: Sequence[str]) -> Iterator[str]:
    """Why a metric cannot be asked by these dimensions and periods."""
    if metric.kind == "other":
        yield f"{metric.name} is not one expression over one mart: {metric.expr}"
        return
    mart = catalog.marts[metric.mart]
    every = {name for item in catalog.marts.values() for name in item.dimensions}
    for name in (*by, *labels):
        if name in GRAINS:
            grain = mart.time_grain or "day"
            if not mart.time_column or GRAINS.index(name) < GRAINS.index(grain):
                yield f"{metric.name} cannot be asked by {name}: {mart.name} has {_time(mart)}"
        elif name not in mart.dimensions and name in every:
            yield f"{metric.name} cannot be asked by {name}: {mart.name} has {_listed(mart.dimensions)}"
    for name in metric.non_additive_over:
        needed = (mart.time_grain or "day") if name == mart.time_column else name
        if needed not in by:
            yield f"{metric.name} cannot be added up over several {needed}s: name {needed} in `by` or `where`"


def _chart(chart: ReportChart, place: str, catalog: Catalog) -> Iterator[Mistake]:
    for number, name in enumerate(chart.metrics):
        if name not in catalog.metrics:
            yield f"{place}.metrics[{number}]", f"there is no metric {name!r}" + near(name, catalog.metrics)
    known = [name for name in chart.metrics if name in catalog.metrics]
    dimensions = {name for mart in _marts(catalog, known) for name in mart.dimensions}
    for number, name in enumerate(chart.by):
        if known and name not in (TIME, *GRAINS) and name not in dimensions:
            yield f"{place}.by[{number}]", f"there is no dimension {name!r}" + near(name, [TIME, *GRAINS, *dimensions])
    for key, name in [("label", chart.label), *((f"where.{name}", name) for name in chart.where)]:
        if known and name and name not in dimensions:
            yield f"{place}.{key}", f"there is no dimension {name!r}" + near(name, dimensions)
    labels = [chart.label] if chart.label in dimensions else []
    for name in known:
        metric = catalog.metrics[name]
        if chart.kind == "figure" and is_monthly(catalog, metric):
            continue  # that of the newest month
        grain = catalog.marts[metric.mart].time_grain or "day" if metric.mart else "day"
        by = [grain if item == TIME else item for item in (*chart.by, *chart.where)]
        yield from ((f"{place}.metrics", text) for text in _asked(catalog, metric, by, labels))
    if chart.kind in ("line", "bars") and len({catalog.metrics[name].unit for name in known}) > 1:
        units = ", ".join(f"{name} ({catalog.metrics[name].unit})" for name in known)
        drawn = "bars" if chart.kind == "bars" else "lines"
        yield f"{place}.metrics", f"the {drawn} of a chart have one axis, and these have different units: {units}"
    yield from ((place, f"a chart of the kind {chart.kind} {text}") for text in _kind(chart))


def _kind(chart: ReportChart) -> Iterator[str]:
    """What a chart's kind needs and does not have."""
    over_time = len(chart.by) == 1 and chart.by[0] in (TIME, *GRAINS)
    one = len(chart.metrics) == 1
    needs: dict[str, list[tuple[bool, str]]] = {
        "line": [
            (bool(chart.metrics), "metrics"),
            (over_time and not chart.label, "`by: [time]`, or one period, and no `label`"),
        ],
        "bars": [
            (len(chart.metrics) in (1, 2), "one metric, or two to compare"),
            (bool(chart.by) and not over_time, "dimensions in `by`"),
            (len(chart.by) < 2 or bool(chart.label), "a `label` where `by` has several dimensions"),
        ],
        "heatmap": [(one and len(chart.by) == 2 and not chart.label, "one metric, two columns in `by`, no `label`")],
        "map": [(one and len(chart.by) == 2 and not chart.label, "one metric, a country's code and its name in `by`")],
        "figure": [(one and not chart.by and not chart.label, "one metric, no `by` and no `label`")],
        "table": [
            (not (chart.metrics or chart.by or chart.label or chart.where), "no metrics: it has the report's own rows")
        ],
    }
    needs["funnel"] = [(one, "one metric"), *needs["bars"][1:]]
    return (f"needs {what}" for is_there, what in needs[chart.kind] if not is_there)


def _marts(catalog: Catalog, metrics: Sequence[str]) -> list[Mart]:
    names = dict.fromkeys(catalog.metrics[name].mart for name in metrics)
    return [catalog.marts[name] for name in names if name]


def _time(mart: Mart) -> str:
    return f"one row per {mart.time_grain}" if mart.time_grain else "no dates"


def near(name: str, known: Collection[str]) -> str:
    """The similar names, as a question."""
    similar = difflib.get_close_matches(name, sorted(set(known)), n=3, cutoff=0.5)
    return f" (did you mean {' or '.join(similar)}?)" if similar else ""


def _listed(names: Sequence[str]) -> str:
    return " and ".join([*([", ".join(names[:-1])] if names[1:] else []), *names[-1:]])

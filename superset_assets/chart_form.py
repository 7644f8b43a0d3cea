"""A chart's decisions, expanded to the form that Superset imports.

    expand("net_sales", chart, catalog) → {"slice_name": …, "viz_type": …, "params": {…}, "query_context": …, …}

The dataset is the mart of the chart's metrics; currency and number formats follow the metrics' units; a mart of days
makes the chart follow the dashboard's date filter. Every other parameter is the type's, from defaults.yaml.
"""

import json
from collections.abc import Iterable
from typing import Any

from semantic.catalog import Catalog
from superset_assets import datasets, defaults
from superset_assets.chart_parts import PARTS, Params, Subject
from superset_assets.decisions import Chart
from superset_assets.errors import DecisionError
from superset_assets.names import CERTIFIED_BY, asset_uuid
from superset_assets.queries import query_context

OPERATORS = ("==", "!=", ">", ">=", "<", "<=", "IN", "NOT IN", "LIKE", "IS NULL", "IS NOT NULL", "IS TRUE", "IS FALSE")


def expand(name: str, chart: Chart, catalog: Catalog) -> dict[str, Any]:
    """The chart in Superset's form. Raises DecisionError for a metric, column or operator that does not exist."""
    subject = _subject(name, chart, catalog)
    params: Params = {"viz_type": subject.type.viz_type, **subject.type.params}
    params["adhoc_filters"] = _filters(subject)
    for part in PARTS[chart.type]:
        params |= part(subject)
    if chart.limit:
        params["row_limit"] = chart.limit
    params = {key: value for key, value in {**params, **chart.options}.items() if value is not None}
    return {
        "slice_name": chart.title,
        "description": chart.caption,
        "certified_by": CERTIFIED_BY,
        "certification_details": "Managed by Takings: changes made here are undone",
        "viz_type": subject.type.viz_type,
        "params": params,
        "cache_timeout": None,
        "uuid": asset_uuid("charts", name),
        "version": "1.0.0",
        "dataset_uuid": asset_uuid("datasets", subject.mart.name),
        "query_context": json.dumps(query_context(params, subject.mart.time_column)),
    }


def metric_names(name: str, chart: Chart) -> list[str]:
    """The metrics that the chart called `name` shows; a metric of the chart's own name need not be written."""
    return [] if chart.type == "records" else chart.metrics or [chart.metric or name]


def mart_name(name: str, chart: Chart, catalog: Catalog) -> str:
    """The mart that the chart shows."""
    return _subject(name, chart, catalog).mart.name


def follows_days(name: str, chart: Chart, catalog: Catalog) -> bool:
    """Whether the dashboard's date filter changes what the chart shows: its mart has days."""
    return _subject(name, chart, catalog).days


def empty_text(name: str, chart: Chart, catalog: Catalog) -> str | None:
    """What the chart says where it has no rows."""
    subject, sentences = _subject(name, chart, catalog), defaults.load().empty
    known = [sentences[key] for key in (*subject.names, subject.mart.name) if key in sentences]
    return chart.empty or (known[0] if known else None)


def _subject(name: str, chart: Chart, catalog: Catalog) -> Subject:
    names = metric_names(name, chart)
    metrics = []
    for requested in names:
        metric = catalog.metrics.get(requested.removesuffix(datasets.BADGE))
        if metric is None or metric.kind == "other" or (metric.name != requested and not metric.thresholds):
            key = "metrics" if chart.metrics else "metric"
            raise DecisionError(key, f"no metric is called {requested!r}", "Name one of semantic/metrics")
        if metric.name == requested:
            metrics.append(metric)
        if metric.mart != (mart := catalog.metrics[names[0].removesuffix(datasets.BADGE)].mart):
            what = f"{requested} is a metric of {metric.mart}, not of {mart}"
            raise DecisionError("metrics", what, "Show metrics of one mart in a chart")
        dataset = metric.mart
    if chart.type == "records":
        dataset = chart.dataset or ""
    if dataset not in catalog.marts:
        raise DecisionError("dataset", f"no mart is called {dataset!r}", "Name a mart of semantic/metrics")
    subject = Subject(chart, defaults.load().types[chart.type], catalog.marts[dataset], names, metrics)
    _check_columns(subject)
    return subject


def _check_columns(subject: Subject) -> None:
    chart, columns = subject.chart, subject.columns()
    used = {"by": chart.by, "rows": chart.rows, "columns": chart.columns, "filters": chart.filters}
    used |= {"newest": [chart.newest] if chart.newest else [], "hours": [chart.hours] if chart.hours else []}
    shown = {"labels": chart.labels, "hidden": chart.hidden, "bars": chart.bars, "sort": [chart.sort or ""]}
    if chart.change and chart.change not in [metric.name for metric in subject.metrics]:
        raise DecisionError("change", f"the chart shows no metric {chart.change!r}", "Name one of its metrics")
    for key, names in {**used, **shown}.items():
        orders = datasets.ORDERS.get(subject.mart.name, {})
        known = columns | ({*subject.names, *orders, ""} if key in shown else set())
        for name in names:
            if name not in known:
                raise DecisionError(key, f"{subject.mart.name} has no column {name!r}", "Name one of its columns")


def _filters(subject: Subject) -> list[Params]:
    filters = [_filter(column, *pair) for column, value in subject.chart.filters.items() for pair in _conditions(value)]
    if subject.days:
        return [_filter(subject.time, "TEMPORAL_RANGE", "No filter"), *filters]
    return filters


def _conditions(value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, dict):
        for operator in value:
            if operator not in OPERATORS:
                raise DecisionError("filters", f"{operator!r} is no operator", f"Use one of {', '.join(OPERATORS)}")
        return list(value.items())
    if isinstance(value, bool):
        return [("IS TRUE" if value else "IS FALSE", "")]
    if value is None:
        return [("IS NULL", "")]
    return [("IN" if isinstance(value, list) else "==", value)]


def _filter(column: str, operator: str, value: Any) -> Params:
    return {
        "expressionType": "SIMPLE",
        "clause": "WHERE",
        "subject": column,
        "operator": operator,
        "comparator": value,
    }

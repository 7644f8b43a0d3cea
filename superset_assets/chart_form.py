"""A chart's decisions, expanded to the form that Superset imports.

    expand("net_sales", chart, catalog) → {"slice_name": …, "viz_type": …, "params": {…}, "query_context": …, …}

The dataset is the mart of the chart's metrics; currency and number formats follow the metrics' units; a mart of days
makes the chart follow the dashboard's date filter. Every other parameter is the type's, from defaults.yaml.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from semantic.catalog import Catalog, Mart, Metric
from superset_assets import datasets, defaults
from superset_assets.decisions import Chart
from superset_assets.defaults import ChartType
from superset_assets.errors import DecisionError
from superset_assets.names import CERTIFIED_BY, asset_uuid
from superset_assets.queries import query_context

CURRENCY = {"symbol": "AUTO", "symbolPosition": "prefix"}  # of the rows themselves
OPERATORS = ("==", "!=", ">", ">=", "<", "<=", "IN", "NOT IN", "LIKE", "IS NULL", "IS NOT NULL", "IS TRUE", "IS FALSE")
# a number in the colour of its threshold; the badge behind a text is lighter
THRESHOLD_COLOURS = {"green": "#2e9e6b", "yellow": "#d99a00", "red": "#d64545"}
BADGE_COLOURS = THRESHOLD_COLOURS | {"yellow": "#f2c14e"}
SHADE = "#2e9e6b"
TIME_GRAINS = {"day": "P1D", "month": "P1M"}
Params = dict[str, Any]


@dataclass(frozen=True)
class _Subject:
    """What a chart shows: its type, its mart, the names of its metrics, and those of them that the catalog holds."""

    chart: Chart
    type: ChartType
    mart: Mart
    names: list[str]
    metrics: list[Metric]

    @property
    def time(self) -> str:
        if self.mart.time_column is None:
            what = f"a {self.chart.type} needs a time column and {self.mart.name} has none"
            raise DecisionError("type", what, "Use a table")
        return self.mart.time_column

    @property
    def days(self) -> bool:
        return self.mart.time_column is not None and self.grain == "day"

    @property
    def grain(self) -> str:
        return self.mart.time_grain or "day"

    def columns(self) -> set[str]:
        return {column.name for column in self.mart.columns} | set(datasets.calculated(self.mart))


def expand(name: str, chart: Chart, catalog: Catalog) -> dict[str, Any]:
    """The chart in Superset's form. Raises DecisionError for a metric, column or operator that does not exist."""
    subject = _subject(name, chart, catalog)
    params: Params = {"viz_type": subject.type.viz_type, **subject.type.params}
    params["adhoc_filters"] = _filters(subject)
    for part in _PARTS[chart.type]:
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


def follows_days(name: str, chart: Chart, catalog: Catalog) -> bool:
    """Whether the dashboard's date filter changes what the chart shows: its mart has days."""
    return _subject(name, chart, catalog).days


def _subject(name: str, chart: Chart, catalog: Catalog) -> _Subject:
    names = metric_names(name, chart)
    metrics = []
    for wanted in names:
        metric = catalog.metrics.get(wanted.removesuffix(datasets.BADGE))
        if metric is None or metric.kind == "other" or (metric.name != wanted and not metric.thresholds):
            key = "metrics" if chart.metrics else "metric"
            raise DecisionError(key, f"no metric is called {wanted!r}", "Name one of semantic/metrics")
        if metric.name == wanted:
            metrics.append(metric)
        if metric.mart != (mart := catalog.metrics[names[0].removesuffix(datasets.BADGE)].mart):
            what = f"{wanted} is a metric of {metric.mart}, not of {mart}"
            raise DecisionError("metrics", what, "Show metrics of one mart in a chart")
        dataset = metric.mart
    if chart.type == "records":
        dataset = chart.dataset or ""
    if dataset not in catalog.marts:
        raise DecisionError("dataset", f"no mart is called {dataset!r}", "Name a mart of semantic/metrics")
    subject = _Subject(chart, defaults.load().types[chart.type], catalog.marts[dataset], names, metrics)
    _check_columns(subject)
    return subject


def _check_columns(subject: _Subject) -> None:
    chart, columns = subject.chart, subject.columns()
    used = {"by": chart.by, "rows": chart.rows, "columns": chart.columns, "filters": chart.filters}
    used["newest"] = [chart.newest] if chart.newest else []
    shown = {"labels": chart.labels, "hidden": chart.hidden, "bars": chart.bars, "sort": [chart.sort or ""]}
    for key, names in {**used, **shown}.items():
        known = columns | (set(subject.names) | {""} if key in shown else set())
        for name in names:
            if name not in known:
                raise DecisionError(key, f"{subject.mart.name} has no column {name!r}", "Name one of its columns")


def _filters(subject: _Subject) -> list[Params]:
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


def _one_metric(subject: _Subject) -> Params:
    return {"metric": subject.names[0]}


def _metrics(subject: _Subject) -> Params:
    return {"metrics": subject.names}


def _groups(subject: _Subject) -> Params:
    return {"groupby": subject.chart.by}


def _subtitle(subject: _Subject) -> Params:
    return {"subtitle": subject.chart.caption}


def _number(subject: _Subject) -> Params:
    """The number format of the first metric's unit; a currency where all metrics are money."""
    number = subject.type.number
    if number is None or not subject.metrics:
        return {}
    first = subject.metrics[0]
    chosen = subject.chart.format
    if chosen is None:
        chosen = getattr(number, first.unit)
    if chosen is None:
        chosen = first.format
    money = all(metric.unit == "money" for metric in subject.metrics)
    return ({number.parameter: chosen} if chosen else {}) | ({"currency_format": CURRENCY} if money else {})


def _thresholds(subject: _Subject) -> Params:
    """A number with thresholds is drawn in their colours; the thresholds are the metric's."""
    limits = subject.metrics[0].thresholds if subject.metrics else None
    if not limits:
        return {}
    green, yellow = limits["green"], limits["yellow"]
    rule = {"column": subject.names[0], "useGradient": False}
    return {
        "conditional_formatting": [
            rule | {"operator": "≤", "targetValue": green, **_scheme("green")},
            rule | {"operator": "< x ≤", "targetValueLeft": green, "targetValueRight": yellow, **_scheme("yellow")},
            rule | {"operator": ">", "targetValue": yellow, **_scheme("red")},
        ]
    }


def _scheme(name: str) -> Params:
    return {"colorScheme": THRESHOLD_COLOURS[name]}


def _newest(subject: _Subject) -> Params:
    """Only the group with the highest value of a column: the newest month."""
    column = subject.chart.newest
    if column is None:
        return {}
    return {"groupby": [column], "row_limit": 1, "order_by_cols": [json.dumps([column, False])]}


def _axis(subject: _Subject) -> Params:
    return {"x_axis": subject.time, "time_grain_sqla": TIME_GRAINS[subject.grain]}


def _axis_labels(subject: _Subject) -> Params:
    tooltip, axis = ("%Y-%m-%d", "%m-%d") if subject.grain == "day" else ("%Y-%m", "%Y-%m")
    return {"tooltipTimeFormat": tooltip, "x_axis_time_format": axis}


def _legend(subject: _Subject) -> Params:
    return {"show_legend": len(subject.names) > 1 or bool(subject.chart.by)}


def _stack(subject: _Subject) -> Params:
    return {"stack": "Stack"} if subject.chart.stacked else {}


def _ranking(subject: _Subject) -> Params:
    if len(subject.chart.by) != 1:
        raise DecisionError("by", "a ranking has one column", "Name it")
    sort = subject.chart.sort or subject.names[0]
    return {"x_axis": subject.chart.by[0], "groupby": [], "x_axis_sort": sort}


def _steps(subject: _Subject) -> Params:
    return {"order_by_cols": [json.dumps([column, True]) for column in subject.chart.by]}


def _bands(subject: _Subject) -> Params:
    """Colours of a gauge, each up to its end; Superset counts the colours of the scheme from one."""
    bands, palette = subject.chart.bands, list(defaults.load().palette)
    for colour in bands:
        if colour not in palette:
            raise DecisionError("bands", f"{colour!r} is no colour", f"Use one of {', '.join(palette)}")
    if not bands:
        return {}
    return {
        "max_val": max(bands.values()),
        "intervals": ",".join(f"{end:g}" for end in bands.values()),
        "interval_color_indices": ",".join(str(palette.index(colour) + 1) for colour in bands),
    }


def _sorted(subject: _Subject) -> Params:
    if not subject.chart.by:
        return {}
    return {"order_desc": True, "timeseries_limit_metric": subject.chart.sort or subject.names[0]}


def _cells(subject: _Subject) -> Params:
    """A table's columns: labels, hidden ones, currencies, bars, and the colours of badges."""
    chart = subject.chart
    columns = {name: {"customColumnName": label} for name, label in chart.labels.items()}
    details: dict[str, Params] = {name: {} for name in (*chart.by, *chart.columns, *subject.names)}
    for name, detail in details.items():
        detail.update(columns.get(name, {}))
        if name in chart.hidden:
            detail["visible"] = False
        if chart.bars and name in subject.names and name not in chart.bars:
            detail["showCellBars"] = False
        if any(metric.name == name and metric.unit == "money" for metric in subject.metrics):
            detail["currencyFormat"] = CURRENCY
    config = {name: detail for name, detail in details.items() if detail}
    badges = [name for name in subject.names if name.endswith(datasets.BADGE)]
    rules = [_badge_rule(name, value, colour) for name in badges for value, colour in BADGE_COLOURS.items()]
    return ({"column_config": config} if config else {}) | ({"conditional_formatting": rules} if rules else {})


def _badge_rule(name: str, value: str, colour: str) -> Params:
    return {"column": name, "operator": "=", "targetValue": value, "colorScheme": colour, "useGradient": False}


def _bars(subject: _Subject) -> Params:
    return {"show_cell_bars": bool(subject.chart.bars)}


def _raw(subject: _Subject) -> Params:
    return {"all_columns": subject.chart.columns}


def _pivot(subject: _Subject) -> Params:
    rows = subject.chart.rows or [subject.time]
    types = {column.name: column.type.upper() for column in subject.mart.columns}
    columns = [*rows, *subject.chart.columns]
    return {
        "groupbyRows": rows,
        "groupbyColumns": subject.chart.columns,
        "time_grain_sqla": TIME_GRAINS[subject.grain],
        "temporal_columns_lookup": {name: True for name in columns if types[name].startswith(("DATE", "TIMESTAMP"))},
    }


def _shades(subject: _Subject) -> Params:
    """Cells in green, deeper with the value up to a limit."""
    limit = subject.chart.shade_up_to
    if limit is None:
        return {}
    rule = {"column": subject.names[0], "colorScheme": SHADE}
    return {
        "conditional_formatting": [
            rule | {"operator": "< x ≤", "targetValueLeft": 0, "targetValueRight": limit},
            rule | {"operator": ">", "targetValue": limit, "useGradient": False},
        ]
    }


_PARTS: Mapping[str, tuple[Callable[[_Subject], Params], ...]] = {
    "card": (_one_metric, _newest, _subtitle, _number, _thresholds),
    "trend": (_one_metric, _axis, _subtitle, _number),
    "line": (_metrics, _axis, _axis_labels, _groups, _legend, _number),
    "bar": (_metrics, _axis, _axis_labels, _groups, _legend, _stack, _number),
    "ranking": (_metrics, _ranking, _number),
    "pie": (_one_metric, _groups, _number),
    "funnel": (_one_metric, _groups, _steps, _number),
    "gauge": (_one_metric, _newest, _bands, _number),
    "table": (_metrics, _groups, _sorted, _cells, _bars),
    "records": (_raw, _cells),
    "pivot": (_metrics, _pivot, _number, _shades),
}
"""How the decisions of each type become parameters, in this order."""

"""The parts of a chart's parameters: each function turns some decisions into Superset's parameters.

`PARTS` has the functions of each type of chart, in the order in which they apply.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from semantic.catalog import Mart, Metric
from superset_assets import datasets, defaults
from superset_assets.decisions import Chart
from superset_assets.defaults import ChartType
from superset_assets.errors import DecisionError

CURRENCY = {"symbol": "AUTO", "symbolPosition": "prefix"}  # of the rows themselves
# a number in the colour of its threshold; the badge behind a text is lighter
THRESHOLD_COLOURS = {"green": "#2e9e6b", "yellow": "#d99a00", "red": "#d64545"}
BADGE_COLOURS = THRESHOLD_COLOURS | {"yellow": "#f2c14e"}
SHADE = "#2e9e6b"
EARLIER = "Earlier period"  # the offset that server/days.py answers, and the name of its line
TIME_GRAINS = {"day": "P1D", "month": "P1M"}
Params = dict[str, Any]


@dataclass(frozen=True)
class Subject:
    """What a chart shows: its type, its mart, the names of its metrics, and those of them that the catalog holds."""

    chart: Chart
    type: ChartType
    mart: Mart
    names: list[str]
    metrics: list[Metric]

    @property
    def time(self) -> str:
        """The mart's time column."""
        if self.mart.time_column is None:
            what = f"a {self.chart.type} needs a time column and {self.mart.name} has none"
            raise DecisionError("type", what, "Use a table")
        return self.mart.time_column

    @property
    def days(self) -> bool:
        """Whether the mart has days: the dashboard's date filter then applies."""
        return self.mart.time_column is not None and self.grain == "day"

    @property
    def grain(self) -> str:
        """What one step of the time column is: day or month."""
        return self.mart.time_grain or "day"

    def columns(self) -> set[str]:
        """The columns of the dataset."""
        return {column.name for column in self.mart.columns} | set(datasets.calculated(self.mart))


def _one_metric(subject: Subject) -> Params:
    return {"metric": subject.names[0]}


def _metrics(subject: Subject) -> Params:
    return {"metrics": subject.names}


def _groups(subject: Subject) -> Params:
    return {"groupby": subject.chart.by}


def _subtitle(subject: Subject) -> Params:
    return {"subtitle": subject.chart.caption}


def _number(subject: Subject) -> Params:
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


def _thresholds(subject: Subject) -> Params:
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


def _direction(subject: Subject) -> Params:
    """The colour of a change: green where it is good news, red where it is bad news, none where it is neither."""
    good = subject.metrics[0].good
    if good == "none":
        return {"comparisonColorEnabled": False}
    return {"comparisonColorEnabled": True, "comparisonColorScheme": "Green" if good == "up" else "Red"}


def _step_before(subject: Subject) -> Params:
    """The change since the month before, of days since a week before, where a rise or a fall is good news."""
    if subject.metrics[0].good == "none":
        return {}
    steps, words = (7, "since a week before") if subject.days else (1, "since the month before")
    return {"compare_lag": steps, "compare_suffix": words}


def _scheme(name: str) -> Params:
    return {"colorScheme": THRESHOLD_COLOURS[name]}


def _newest(subject: Subject) -> Params:
    """Only the group with the highest value of a column: the newest month."""
    column = subject.chart.newest
    if column is None:
        return {}
    return {"groupby": [column], "row_limit": 1, "order_by_cols": [json.dumps([column, False])]}


def _axis(subject: Subject) -> Params:
    return {"x_axis": subject.time, "time_grain_sqla": TIME_GRAINS[subject.grain]}


def _axis_labels(subject: Subject) -> Params:
    tooltip, axis = ("%a %-d %b %Y", "%-d %b") if subject.grain == "day" else ("%Y-%m", "%Y-%m")
    return {"tooltipTimeFormat": tooltip, "x_axis_time_format": axis}


def _legend(subject: Subject) -> Params:
    return {"show_legend": len(subject.names) > 1 or bool(subject.chart.by)}


def _earlier(subject: Subject) -> Params:
    """One line of days has the earlier period beside it, dashed; more lines than two are hard to read."""
    if len(subject.names) > 1 or subject.chart.by or not subject.days:
        return {}
    return {"time_compare": [EARLIER], "comparison_type": "values", "time_shift_color": True, "show_legend": True}


def _stack(subject: Subject) -> Params:
    return {"stack": "Stack"} if subject.chart.stacked else {}


def _ranking(subject: Subject) -> Params:
    if len(subject.chart.by) != 1:
        raise DecisionError("by", "a ranking has one column", "Name it")
    sort = subject.chart.sort or subject.names[0]
    return {"x_axis": subject.chart.by[0], "groupby": [], "x_axis_sort": sort}


def _steps(subject: Subject) -> Params:
    return {"order_by_cols": [json.dumps([column, True]) for column in subject.chart.by]}


def _bands(subject: Subject) -> Params:
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


def _sorted(subject: Subject) -> Params:
    if not subject.chart.by:
        return {}
    return {"order_desc": True, "timeseries_limit_metric": subject.chart.sort or subject.names[0]}


def _cells(subject: Subject) -> Params:
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


def _bars(subject: Subject) -> Params:
    return {"show_cell_bars": bool(subject.chart.bars)}


def _raw(subject: Subject) -> Params:
    return {"all_columns": subject.chart.columns}


def _pivot(subject: Subject) -> Params:
    rows = subject.chart.rows or [subject.time]
    types = {column.name: column.type.upper() for column in subject.mart.columns}
    columns = [*rows, *subject.chart.columns]
    return {
        "groupbyRows": rows,
        "groupbyColumns": subject.chart.columns,
        "time_grain_sqla": TIME_GRAINS[subject.grain],
        "temporal_columns_lookup": {name: True for name in columns if types[name].startswith(("DATE", "TIMESTAMP"))},
    }


def _shades(subject: Subject) -> Params:
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


PARTS: Mapping[str, tuple[Callable[[Subject], Params], ...]] = {
    "card": (_one_metric, _subtitle, _number, _direction),
    "level": (_one_metric, _newest, _subtitle, _number, _thresholds),
    "trend": (_one_metric, _axis, _subtitle, _number, _step_before),
    "line": (_metrics, _axis, _axis_labels, _groups, _legend, _earlier, _number),
    "comparison": (_metrics, _axis, _axis_labels, _legend, _number),
    "bar": (_metrics, _axis, _axis_labels, _groups, _legend, _stack, _number),
    "ranking": (_metrics, _ranking, _number),
    "pie": (_one_metric, _groups, _number),
    "funnel": (_one_metric, _groups, _steps, _number),
    "gauge": (_one_metric, _newest, _bands, _number),
    "table": (_metrics, _groups, _sorted, _cells, _bars),
    "records": (_raw, _cells),
    "pivot": (_metrics, _pivot, _number, _shades),
}

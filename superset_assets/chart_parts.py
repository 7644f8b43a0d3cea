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

EARLIER = "Earlier period"  # the offset that server/days.py answers, and the name of its line
TIME_GRAINS = {"day": "P1D", "month": "P1M"}
BY_RANGE = "auto"  # the grain that server/grain.py answers: days, weeks or months
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
        """Whether the mart has days: the dashboard's date filter then applies, unless the newest rows are wanted."""
        always = self.mart.current or self.chart.latest
        return self.mart.time_column is not None and self.grain == "day" and not always

    @property
    def grain(self) -> str:
        """What one step of the time column is: day or month."""
        return self.mart.time_grain or "day"

    @property
    def by_range(self) -> bool:
        """Whether its points may be weeks or months: all of its metrics may be added up over days."""
        over_time = self.chart.type in ("line", "bar") and not self.chart.hours
        return over_time and self.days and not any(self.time in metric.non_additive_over for metric in self.metrics)

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
    """The number format of the first metric's unit, or its own; a currency where all metrics are money."""
    number = subject.type.number
    if number is None or not subject.metrics:
        return {}
    first = subject.metrics[0]
    chosen = subject.chart.format
    if chosen is None and not first.in_parts_of_a_cent:
        chosen = getattr(number, first.unit)
    if chosen is None:
        chosen = first.format
    money = all(metric.unit == "money" for metric in subject.metrics)
    return ({number.parameter: chosen} if chosen else {}) | ({"currency_format": datasets.CURRENCY} if money else {})


def _thresholds(subject: Subject) -> Params:
    """A number with thresholds is drawn in their colours; the thresholds are the metric's."""
    limits = subject.metrics[0].thresholds if subject.metrics else None
    if not limits:
        return {}
    green, yellow = limits["green"], limits["yellow"]
    rule = {"column": subject.names[0], "useGradient": False}
    return {
        "conditional_formatting": [
            rule | {"operator": "≤", "targetValue": green, **_scheme("good")},
            rule | {"operator": "< x ≤", "targetValueLeft": green, "targetValueRight": yellow, **_scheme("watch")},
            rule | {"operator": ">", "targetValue": yellow, **_scheme("bad")},
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
    steps, words = (7, "in a week") if subject.days else (1, "in a month")
    return {"compare_lag": steps, "compare_suffix": words}


def _scheme(meaning: str) -> Params:
    return {"colorScheme": defaults.load().palette[meaning]}


def _rgb(name: str) -> dict[str, int | float]:
    """A colour of the palette as Superset's colour pickers have it."""
    red, green, blue = bytes.fromhex(defaults.load().palette[name][1:])
    return {"r": red, "g": green, "b": blue, "a": 1}


def _newest(subject: Subject) -> Params:
    """Only the group with the highest value of a column: the newest month."""
    column = subject.chart.newest
    if column is None:
        return {}
    return {"groupby": [column], "row_limit": 1, "order_by_cols": [json.dumps([_newest_first(subject), False])]}


def _newest_first(subject: Subject) -> str:
    """What a dataset sorts its months by: their names do not say it."""
    orders = datasets.ORDERS.get(subject.mart.name)
    if not orders:
        raise DecisionError("newest", f"{subject.mart.name} has no order of its months", "Add one to datasets.ORDERS")
    return next(iter(orders))


def _progress(subject: Subject) -> Params:
    """Bars of the newest month, one below the other: a value and its target."""
    column = subject.chart.newest
    if column is None:
        raise DecisionError("newest", "progress has no column of months", "Name it")
    newest = {"timeseries_limit_metric": _newest_first(subject), "row_limit": 1}
    return {"x_axis": column, "groupby": [], **newest}


def _axis(subject: Subject) -> Params:
    if subject.chart.hours:
        return {"x_axis": subject.chart.hours, "time_grain_sqla": "PT1H"}
    grain = BY_RANGE if subject.by_range else TIME_GRAINS[subject.grain]
    return {"x_axis": subject.time, "time_grain_sqla": grain}


def _axis_labels(subject: Subject) -> Params:
    if subject.chart.hours:
        return {"tooltipTimeFormat": "%a %-d %b %Y %H:%M", "x_axis_time_format": "%-d %b"}
    tooltip, axis = ("%a %-d %b %Y", "%-d %b") if subject.grain == "day" else ("%b %Y", "%b %Y")
    return {"tooltipTimeFormat": tooltip, "x_axis_time_format": axis}


def _legend(subject: Subject) -> Params:
    return {"show_legend": len(subject.names) > 1 or bool(subject.chart.by)}


def _group_legend(subject: Subject) -> Params:
    return {"show_legend": len(subject.names) > 1}


def _earlier(subject: Subject) -> Params:
    """One line of days has the earlier period beside it, dashed; more lines than two are hard to read."""
    if len(subject.names) > 1 or subject.chart.by or not subject.days:
        return {}
    return {"time_compare": [EARLIER], "comparison_type": "values", "time_shift_color": True, "show_legend": True}


def _annotated(subject: Subject) -> Params:
    """What happened on the days of the line, which server/annotations.py adds."""
    if not subject.chart.annotated:
        return {}
    if not subject.days:
        raise DecisionError("annotated", f"{subject.mart.name} has no days", "Remove it")
    return {"annotated": True}


def _stack(subject: Subject) -> Params:
    return {"stack": "Stack"} if subject.chart.stacked else {}


def _waterfall(subject: Subject) -> Params:
    """Subtotals on the axis, each after its steps; sums in grey, what adds in green, what takes away in orange."""
    if len(subject.chart.by) != 2:
        raise DecisionError("by", "a waterfall has two columns", "Name that of the subtotals and that of the steps")
    colours = {"increase_color": _rgb("green"), "decrease_color": _rgb("orange"), "total_color": _rgb("slate")}
    return {"x_axis": subject.chart.by[0], "groupby": subject.chart.by[1:], **colours}


def _line_colour(subject: Subject) -> Params:
    return {"color_picker": _rgb("green")}


def _ranking(subject: Subject) -> Params:
    if len(subject.chart.by) != 1:
        raise DecisionError("by", "a ranking has one column", "Name it")
    sort = subject.chart.sort or subject.names[0]
    return {"x_axis": subject.chart.by[0], "groupby": [], "x_axis_sort": sort}


def _groups_axis(subject: Subject) -> Params:
    if len(subject.chart.by) != 1:
        raise DecisionError("by", "the bars have one column of groups", "Name it")
    return {"x_axis": subject.chart.by[0], "groupby": [], "x_axis_sort": subject.chart.by[0]}


def _bands(subject: Subject) -> Params:
    """Colours of a gauge, each up to its end; Superset counts the colours of the scheme from one."""
    bands, palette = subject.chart.bands, list(defaults.load().palette.meanings)
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
    sort = subject.chart.sort or subject.names[0]
    rises = sort in datasets.ORDERS.get(subject.mart.name, {}) and sort != "newest_first"
    return {"order_desc": not rises, "timeseries_limit_metric": sort}


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
            detail["currencyFormat"] = datasets.CURRENCY
    config = {name: detail for name, detail in details.items() if detail}
    badges = [name for name in subject.names if name.endswith(datasets.BADGE)]
    rules = [_badge_rule(name, text, meaning) for name in badges for meaning, text in datasets.BADGES.items()]
    return ({"column_config": config} if config else {}) | ({"conditional_formatting": rules} if rules else {})


def _change(subject: Subject) -> Params:
    """A table's column with the change of a metric since the earlier period, which server/days.py fills."""
    name = subject.chart.change
    if name is None:
        return {}
    metric = next(metric for metric in subject.metrics if metric.name == name)
    label = f"{subject.chart.labels.get(name, metric.label)} change"
    return {
        "column_config": {
            **_cells(subject).get("column_config", {}),
            label: {"changeOf": name, "d3NumberFormat": "+,.1%"},
        }
    }


def _badge_rule(name: str, text: str, meaning: str) -> Params:
    return {"column": name, "operator": "=", "targetValue": text, "useGradient": False, **_scheme(meaning)}


def _bars(subject: Subject) -> Params:
    return {"show_cell_bars": bool(subject.chart.bars)}


def _raw(subject: Subject) -> Params:
    return {"all_columns": subject.chart.columns}


def _pivot(subject: Subject) -> Params:
    rows = subject.chart.rows or [subject.time]
    types = {column.name: column.type.upper() for column in subject.mart.columns}
    columns = [*rows, *subject.chart.columns]
    money = [metric.name for metric in subject.metrics if metric.unit == "money"]
    amounts = {name: {"currencyFormat": datasets.CURRENCY} for name in money}  # the server looks their currency up
    return {
        **({"column_config": amounts} if amounts and len(amounts) < len(subject.names) else {}),
        "groupbyRows": rows,
        "groupbyColumns": subject.chart.columns,
        "time_grain_sqla": TIME_GRAINS[subject.grain],
        "temporal_columns_lookup": {
            name: True for name in columns if types.get(name, "").startswith(("DATE", "TIMESTAMP"))
        },
    }


def _shades(subject: Subject) -> Params:
    """Cells in green, deeper with the value up to the 95th percentile (server/front_end.py)."""
    if not subject.chart.shaded:
        return {}
    return {"conditional_formatting": [{"column": subject.names[0], "operator": "None", **_scheme("good")}]}


PARTS: Mapping[str, tuple[Callable[[Subject], Params], ...]] = {
    "card": (_one_metric, _subtitle, _number, _direction),
    "level": (_one_metric, _newest, _subtitle, _number, _thresholds),
    "trend": (_one_metric, _axis, _subtitle, _number, _step_before, _line_colour),
    "line": (_metrics, _axis, _axis_labels, _groups, _legend, _earlier, _annotated, _number),
    "comparison": (_metrics, _axis, _axis_labels, _legend, _annotated, _number),
    "bar": (_metrics, _axis, _axis_labels, _groups, _legend, _stack, _number),
    "progress": (_metrics, _progress, _number),
    "ranking": (_metrics, _ranking, _number),
    "groups": (_metrics, _groups_axis, _group_legend, _number),
    "pie": (_one_metric, _groups, _number),
    "waterfall": (_one_metric, _waterfall, _number),
    "gauge": (_one_metric, _newest, _bands, _number),
    "table": (_metrics, _groups, _sorted, _cells, _change, _bars),
    "records": (_raw, _cells),
    "pivot": (_metrics, _pivot, _number, _shades),
}

"""What a report holds, as data: the form of the files in definitions/.

`{currency}` in a column's name is replaced by the lower-case code of the tenant's currency: `revenue_usd` for a shop in
dollars, `revenue_eur` for one in euros (docs/decisions/0009-export-currency-columns.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from semantic.reports.content import ChartKind

Show = Literal["value", "percent", "share", "pace", "badge"]
Where = Mapping[str, str]
SHOWS: tuple[str, ...] = get_args(Show)
KINDS: tuple[str, ...] = get_args(ChartKind)
PACE_DAYS = 7
PEOPLE = frozenset(("customer_id", "customer_key", "display_name"))
"""Dimensions that tell one customer from another."""
TIME = "time"
"""In a chart's `by`: days, weeks or months by the length of the range."""


@dataclass(frozen=True)
class ReportColumn:
    """A column: `of` is a metric, or a dimension or period of the report.

    show: value; percent: the ratio × 100; share: part of the sum over all rows; pace: the average per day over the
    seven days that end with the row's day; badge: green, yellow or red. `where`: the one group of which the value is
    shown, in a report of one row.
    """

    name: str
    of: str
    show: Show = "value"
    label: str = ""
    where: Where = field(default_factory=dict)


@dataclass(frozen=True)
class ReportChart:
    """A chart. `by`: time, a period, or dimensions; `label`: the dimension that is shown in their place."""

    kind: ChartKind
    title: str
    metrics: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    label: str = ""
    limit: int | None = None
    where: Where = field(default_factory=dict)


@dataclass(frozen=True)
class Report:
    """A report over a range of days. One row per combination of `by`; `labels` are dimensions that depend on them.

    A report by day has a row for each day of the range. `only`: rows in which that metric is zero are left out.
    `without_empty`: rows in which no metric differs from zero are left out. `where`: the values of dimensions of `by`
    that rows must have. `period` is the range where none is named. `figures` are the metrics of the summary.
    """

    name: str
    title: str
    question: str
    columns: tuple[ReportColumn, ...]
    by: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    limit: int | None = None
    only: str | None = None
    without_empty: bool = False
    where: Where = field(default_factory=dict)
    figures: tuple[str, ...] = ()
    charts: tuple[ReportChart, ...] = ()
    caveats: tuple[str, ...] = ()
    period: str = "30d"

    @property
    def every_day(self) -> bool:
        """Whether the report has one row for each day of the range."""
        return self.by == ("day",)

    @property
    def names_customers(self) -> bool:
        """Whether it shows who single customers are: who shares it must know."""
        charts = [name for chart in self.charts for name in (*chart.by, chart.label)]
        return not PEOPLE.isdisjoint((*self.by, *self.labels, *(column.of for column in self.columns), *charts))

    def metrics(self) -> Iterator[str]:
        """Every name that may be a metric, in the order in which a reader meets it; dimensions are among them."""
        yield from self.figures
        for column in self.columns:
            yield column.of
        for chart in self.charts:
            yield from chart.metrics


@dataclass(frozen=True)
class Declared:
    """A report with its file, and the line on which each of its settings is: `lines["columns.date"]`."""

    report: Report
    path: Path
    lines: Mapping[str, int] = field(default_factory=dict)

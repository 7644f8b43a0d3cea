"""What a report says: the one object that every writer reads, so that no format computes a number of its own.

    declaration (YAML) + published build + days ──fill──▶ Content ──▶ CSV, XLSX, Parquet, JSON, PNG, SVG, PDF, HTML

    from semantic.reports.fill import fill
    content = fill(Path(".takings/published"), "revenue-overview", date(2026, 11, 1), date(2026, 11, 29),
                   tenant="aurora", now=datetime.now(UTC))

`fill` opens the published build; `fill_build` takes one that is open. Both say more in semantic/reports/fill.py.
Figures and charts are over whole days: those of `comparison.now`, or `days` where nothing is compared; the table is
over `days`, which may include a today that is not over. A field of the table has `of` in its metadata, its metric or
dimension, and `show`: the value itself, a percent (× 100), a share of the column's sum, a pace, or a badge.

Money is a Decimal in units of the tenant's currency with its places, a count is an int, a ratio a Decimal or float;
None is a number that cannot be known. Tables have `unit`, `label` and `format` in the metadata of their fields, as
semantic.query gives them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

import pyarrow as pa

from common.comparison import Comparison
from common.presets import Days
from semantic.catalog import Metric
from semantic.warehouse import Currency

Number = Decimal | int | float
Agreement = Literal["agrees", "differs", "not compared"]
ChartKind = Literal["line", "bars", "funnel", "heatmap", "map", "table", "figure"]


@dataclass(frozen=True)
class Figure:
    """One number of the summary, and the same number of the period that it is compared with."""

    metric: Metric
    value: Number | None
    previous: Number | None = None
    change: float | None = None
    """Difference as a share of `previous`; None where that is unknown or not above zero."""
    badge: str | None = None
    """green, yellow or red by the metric's thresholds, of the unrounded value."""
    days: Days | None = None
    """The month that it is of, where that is not the days of the comparison: cash at the end of a month, runway."""


@dataclass(frozen=True)
class Chart:
    """A picture of a report. `line`: metrics over days, weeks or months. `bars`: one or two metrics per row, longest
    first. `funnel`: the table's steps. `heatmap`: rows × columns of one metric. `map`: one metric
    by the code and the name of a country. `table`: the rows as they are.
    `figure`: one number with its badge."""

    kind: ChartKind
    title: str
    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    limit: int | None = None


@dataclass(frozen=True)
class ChartData:
    """A chart with its numbers: one row per point, the columns of `by` before those of the metrics.

    `before`: the same of the earlier period, its days moved onto these days; None where there is none. `months`: the
    first and the last day of the whole months that the rows are of, where the numbers are known by month alone.
    `limit`: a line across the picture, in the unit of its first metric.
    """

    chart: Chart
    table: pa.Table
    before: pa.Table | None = None
    months: Days | None = None
    limit: Decimal | None = None


@dataclass(frozen=True)
class Reconciliation:
    """Whether the tenant's numbers equal those of its sources: `differences` names the accounts that differ."""

    compared: tuple[str, ...] = ()
    differences: tuple[str, ...] = ()
    not_compared: tuple[str, ...] = ()

    @property
    def state(self) -> Agreement:
        """`differs` where one account differs, `agrees` where some were compared and none differs."""
        return "differs" if self.differences else "agrees" if self.compared else "not compared"

    @property
    def sentence(self) -> str:
        """The same for people, with the names of the accounts."""
        missing = f" Not compared: {', '.join(self.not_compared)}." if self.not_compared else ""
        match self.state:
            case "differs":
                return f"The numbers differ from the source: {', '.join(self.differences)}."
            case "agrees":
                return f"The numbers equal those of the source: {', '.join(self.compared)}.{missing}"
        return f"The numbers are not compared with a source.{missing}"

    def as_dict(self) -> dict[str, object]:
        """All of it as plain objects."""
        return {
            "state": self.state,
            "sentence": self.sentence,
            "compared": list(self.compared),
            "differences": list(self.differences),
            "not_compared": list(self.not_compared),
        }


@dataclass(frozen=True)
class Content:
    """A report of one tenant over a range of days, both included."""

    name: str
    title: str
    question: str
    tenant: str
    tenant_name: str
    time_zone: str
    currency: Currency
    days: Days
    comparison: Comparison | None
    figures: tuple[Figure, ...]
    table: pa.Table
    charts: tuple[ChartData, ...]
    definitions: Mapping[str, str]
    """Each metric's label and its definition in words."""
    caveats: tuple[str, ...]
    as_of: datetime | None
    """The time (UTC) up to which all sources had been read."""
    reconciliation: Reconciliation
    run_id: str
    definitions_version: str
    rolling: str | None = None
    """The period's name where the days move with the calendar, such as 30d."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Headings for people of the table's columns."""
    blocked: str = ""
    """Why these are older numbers, as a sentence; also the first of the caveats. Empty where they are up to date."""

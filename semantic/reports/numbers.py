"""Whether a number is zero or unknown, and how it is rounded: the rules that figures, tables and charts share.

A metric of a source that the tenant lacks is empty in all rows of its mart: it is unknown, not zero
(docs/decisions/0031-unknown-is-not-zero.md). Where it is known, days without a row are zero of an amount or a count.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from semantic.catalog import Catalog, Metric
from semantic.reports.content import Number
from semantic.warehouse import Build

RATIO_PLACES = 6
MICRO_PLACES = 6
_NAMES = re.compile(r"[a-z_][a-z0-9_]*")


def sums(catalog: Catalog, name: str) -> Iterator[Metric]:
    """The metrics of one column that a metric is made of, itself if it is one."""
    metric = catalog.metric(name)
    if not metric.inputs:
        yield metric
    for part in metric.inputs:
        yield from sums(catalog, part)


def known(build: Build, names: Iterable[str]) -> dict[str, bool]:
    """For each metric, whether the tenant has any number of it, on any day."""
    catalog, names = build.catalog, list(names)
    parts = {part.name: part for name in names for part in sums(catalog, name)}
    filled: dict[str, bool] = {}
    for mart in {part.mart for part in parts.values()}:
        columns = [part for part in parts.values() if part.mart == mart]
        counts = ", ".join(f"COUNT({part.expr})" for part in columns)
        (row,) = build.rows(f"SELECT {counts} FROM marts.{mart} WHERE {build.own}")
        filled |= {part.name: bool(count) for part, count in zip(columns, row, strict=True)}
    return {name: _known(catalog, name, filled) for name in names}


def _known(catalog: Catalog, name: str, filled: Mapping[str, bool]) -> bool:
    metric = catalog.metric(name)
    if not metric.inputs:
        return filled[name]
    if metric.expr.startswith("COALESCE("):  # one of several sums that is known is enough
        alternatives = metric.expr.removeprefix("COALESCE(").split(", ")
        parts = [[part for part in _NAMES.findall(text) if part in metric.inputs] for text in alternatives]
        return any(all(_known(catalog, part, filled) for part in names) for names in parts)
    return all(_known(catalog, part, filled) for part in metric.inputs)


def empty(metric: Metric, is_known: bool) -> int | None:
    """What a metric is where there are no rows: zero of an amount or a count that is known."""
    return 0 if is_known and metric.adds_up and not metric.non_additive_over else None


def value(metric: Metric, row: Mapping[str, Any], name: str, zero: int | None) -> Any:
    """The number of a group's row; `zero` where the group has no row. A sum that lacks something is unknown."""
    number = row.get(name)
    return number if number is not None or (metric.unknown_with and name in row) else zero


def counter(catalog: Catalog, metric: Metric) -> str:
    """The metric that counts what a metric's sum lacks, as messages without a cost; empty where nothing lacks."""
    same = (other for other in catalog.metrics.values() if other.mart == metric.mart and other.kind == "sum")
    return next((other.name for other in same if metric.unknown_with and other.expr == metric.unknown_with), "")


def places(metric: Metric, digits: int) -> int:
    """Decimal places of a metric in a currency of so many digits; 0 of a count."""
    if metric.unit == "money":
        return MICRO_PLACES if metric.micros and (metric.kind != "ratio" or metric.in_parts_of_a_cent) else digits
    return 0 if metric.unit == "count" else RATIO_PLACES


def rounded(value: float | Decimal | None, places: int, times: int = 1) -> Decimal | None:
    """Round half up, from the shortest decimal that equals the float."""
    if value is None:
        return None
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return (exact * times).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def shown(metric: Metric, value: Any, digits: int) -> Number | None:
    """A number of a figure or a chart: money with its places, a count as it is, a ratio of counts not rounded."""
    if value is None or metric.unit == "count":
        return None if value is None else int(value)
    return rounded(value, places(metric, digits)) if metric.unit == "money" else value


def badge(metric: Metric, value: float | Decimal | None) -> str | None:
    """The colour of the unrounded ratio. A value at a limit has the better colour."""
    if value is None or not metric.thresholds:
        return None
    if value <= metric.thresholds["green"]:
        return "green"
    return "yellow" if value <= metric.thresholds["yellow"] else "red"

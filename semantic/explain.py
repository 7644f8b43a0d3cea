"""Explains a change: how much of a metric's change between two periods comes from each value of a dimension.

    net sales 7,000 → 9,100     +2,100   =   Online store +1,800   Point of sale +450   Marketplace −150

The parts add up exactly to the change, or there is no explanation: a ratio has no parts that do, nor has a metric that
counts the same thing in several groups. Every value is that of `takings query --compare`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from common.comparison import Comparison
from common.presets import Days
from semantic.catalog import Metric
from semantic.comparison import change, compare
from semantic.compiler import GRAINS, NO_FILTERS
from semantic.digest.movers import KINDS
from semantic.errors import CompileError
from semantic.filters import Filters
from semantic.query import answer, plain, rounded
from semantic.reports import numbers
from semantic.warehouse import Build

Number = Decimal | int
MOST_PARTS = 20
LABELS = {kind.key: kind.names[0] for kind in KINDS if kind.names}
"""For a dimension of keys, the one with the name that people know."""


@dataclass(frozen=True)
class Part:
    """One value of the dimension. `value` and `previous` are None where the group has rows and no number.

    share: part of the whole change, None where the change is zero.
    """

    key: Any
    label: str
    value: Number | None
    previous: Number | None
    difference: Number
    share: float | None


@dataclass(frozen=True)
class Explanation:
    """The parts, the largest difference first, and what the parts beyond them add up to."""

    metric: Metric
    by: str
    comparison: Comparison
    filters: Filters
    value: Number
    previous: Number
    difference: Number
    change: float | None
    parts: tuple[Part, ...]
    others: int
    """The number of further values."""
    others_difference: Number


def explain(
    build: Build,
    name: str,
    by: str,
    comparison: Comparison,
    *,
    filters: Filters = NO_FILTERS,
    most: int = MOST_PARTS,
) -> Explanation:
    """The change of a metric by the values of one dimension. `most`: as many parts are listed.

    Raises a SemanticError that says why there is no explanation.
    """
    metric = build.catalog.metric(name)
    _check(build, metric, by)
    rows = compare(build, [name], comparison, [by], filters).to_pylist()
    value, previous = (
        _whole(build, metric, by, days, filters, [row[column] for row in rows])
        for days, column in ((comparison.now, name), (comparison.before, f"{name}_previous"))
    )
    labels, difference = _labels(build, name, by, comparison, filters), value - previous
    every = [_part(row, name, by, labels, difference) for row in rows]
    moved = sorted((part for part in every if part.difference), key=_by_size)
    rest = moved[most:]
    return Explanation(
        metric, by, comparison, filters, value, previous, difference, change(value, previous), tuple(moved[:most]),
        len(rest), sum((part.difference for part in rest), difference - difference),
    )  # fmt: skip


def document(result: Explanation, digits: int) -> dict[str, Any]:
    """The explanation as plain objects for JSON, values as in `semantic.answers`. digits: decimal places of amounts."""
    places = numbers.places(result.metric, digits)

    def number(value: Number | None) -> str | int | None:
        if value is None or result.metric.unit == "count":
            return None if value is None else int(value)
        return f"{rounded(Decimal(value), places):f}"

    return {
        "metric": result.metric.name,
        "label": result.metric.label,
        "by": result.by,
        "days": _days(result.comparison.now),
        "compared_with": _days(result.comparison.before),
        "value": number(result.value),
        "previous": number(result.previous),
        "difference": number(result.difference),
        "change": plain(result.change, "ratio", digits),
        "parts": [
            {
                "key": plain(part.key, "", digits), "label": part.label, "value": number(part.value),
                "previous": number(part.previous), "difference": number(part.difference),
                "share": plain(part.share, "ratio", digits),
            }
            for part in result.parts
        ],
        "others": {"count": result.others, "difference": number(result.others_difference)},
    }  # fmt: skip


def _days(days: Days) -> dict[str, str]:
    return {"from": days[0].isoformat(), "to": days[1].isoformat()}


def _check(build: Build, metric: Metric, by: str) -> None:
    if metric.kind == "percentile":
        raise CompileError(
            f"Cannot explain {metric.name}",
            "it is a percentile, whose change has no parts that add up to it",
            "Ask for it by a dimension, and compare the groups",
        )
    if metric.kind == "ratio":
        raise CompileError(
            f"Cannot explain {metric.name}",
            "it is a ratio, whose change has no parts that add up to it",
            f"Explain {' and '.join(metric.inputs)}, of which it is made",
        )
    if by in GRAINS:
        why = "a period is not a dimension: each day is in one of both periods alone"
        raise CompileError(f"Cannot explain {metric.name} by {by}", why, "Choose a dimension such as channel")
    if not numbers.known(build, [metric.name])[metric.name]:
        why = "no source has delivered a number of it"
        raise CompileError(f"Cannot explain {metric.name}", why, "Choose another metric")


def _whole(
    build: Build, metric: Metric, by: str, days: Days, filters: Filters, parts: Sequence[Number | None]
) -> Number:
    """The metric of a period, which is the sum of its parts. Raises CompileError where it is unknown or not the sum."""
    (whole,) = answer(build, [metric.name], start=days[0], end=days[1], filters=filters).column(0).to_pylist()
    total = sum(map(_number, parts))
    if whole is None and (None in parts or total):
        why = f"it is unknown from {days[0]} to {days[1]}"
        raise CompileError(f"Cannot explain {metric.name}", why, "Choose other days or another metric")
    if whole is not None and whole != total:
        raise CompileError(
            f"Cannot explain {metric.name} by {by}",
            f"its values by {by} do not add up to the whole: the same things count in several of them",
            "Choose another dimension, or a metric that adds up",
        )
    return total


def _labels(
    build: Build, name: str, by: str, comparison: Comparison, filters: Filters
) -> dict[Any, str]:  # fmt: skip
    """Names for people of the values of a dimension of keys."""
    label = LABELS.get(by)
    if label is None or not build.catalog.marts[build.catalog.metric(name).mart].has(label):
        return {}
    names: dict[Any, str] = {}
    for first, last in (comparison.before, comparison.now):
        table = answer(build, [name], by=[by], labels=[label], start=first, end=last, filters=filters)
        names |= {row[by]: row[label] for row in table.to_pylist() if row[label]}
    return names


def _part(row: dict[str, Any], name: str, by: str, labels: dict[Any, str], whole: Number) -> Part:
    key, value, previous = row[by], row[name], row[f"{name}_previous"]
    difference = _number(value) - _number(previous)
    share = float(difference / whole) if whole else None
    label = labels.get(key) or ("(none)" if key in (None, "") else str(key))
    return Part(key, label, value, previous, difference, share)


def _by_size(part: Part) -> tuple[Number, str]:
    return min(part.difference, -part.difference), str(part.key)


def _number(value: Number | None) -> Number:
    """A group without a number adds nothing to the whole."""
    return 0 if value is None else value

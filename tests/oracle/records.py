"""Answers about chats and event logs from rows of the books: sums by group, divided last.

A mart is a list of rows {column: value}, each with its `date_day`; a metric is calculated from all rows of a group.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from tests.oracle.answers import Metric, Rows, Value, grouped

Row = Mapping[str, Any]
Days = tuple[date, date]
Formula = Callable[[Sequence[Row]], Any]


@dataclass(frozen=True)
class Near:
    """A number that may differ by `most`: amounts that the mart rounds at another place."""

    value: Fraction
    most: Fraction

    def __neg__(self) -> Fraction:
        return -self.value


def summed(metric: Metric) -> Formula:
    """A metric of the sums of all rows."""

    def calculate(rows: Sequence[Row]) -> Value:
        return metric(grouped([((), row) for row in rows]).get((), {}))

    return calculate


@dataclass(frozen=True)
class Records:
    """`marts` are rows by mart, `metrics` are a mart and a formula by metric."""

    marts: Mapping[str, Sequence[Row]]
    metrics: Mapping[str, tuple[str, Formula]]

    def chosen(self, mart: str, days: Days | None, where: Row) -> list[Row]:
        return [
            row
            for row in self.marts[mart]
            if (days is None or days[0] <= row["date_day"] <= days[1])
            and all(row[name] == value for name, value in where.items())
        ]

    def groups(self, metrics: Sequence[str], by: Sequence[str], days: Days | None, where: Row) -> Rows:
        """One row per group with the metrics, by the group's values; a group without rows of a mart has None there."""
        formulas: dict[str, list[str]] = {}
        for name in metrics:
            formulas.setdefault(self.metrics[name][0], []).append(name)
        answers: dict[tuple[Any, ...], dict[str, Any]] = {}
        for mart, names in formulas.items():
            rows: dict[tuple[Any, ...], list[Row]] = {}
            for row in self.chosen(mart, days, where):
                rows.setdefault(tuple(row[column] for column in by), []).append(row)
            for key, items in rows.items():
                answers.setdefault(key, {}).update({name: self.metrics[name][1](items) for name in names})
        empty = dict.fromkeys(metrics)
        return [
            dict(zip(by, key, strict=True)) | empty | answers[key]
            for key in sorted(answers, key=lambda key: [str(part) for part in key])
        ]


Answer = Callable[[Records, Days], Rows]


def of(*metrics: str, by: Sequence[str] = (), label: Mapping[str, str] | None = None, order: str | None = None,
       limit: int = 10_000, **where: str) -> Answer:  # fmt: skip
    """Metrics by group, the largest of `order` first, else by group; `label` gives columns the names of a chart."""
    names = label or {}

    def rows(records: Records, days: Days) -> Rows:
        answer = records.groups(metrics, by, days, where)
        if order:
            answer.sort(key=lambda row: -(row[order] or 0))
        return [{names.get(name, name): value for name, value in row.items()} for row in answer[:limit]]

    return rows


def before(days: Days) -> Days:
    """As many days before."""
    length = days[1] - days[0] + timedelta(days=1)
    return days[0] - length, days[1] - length

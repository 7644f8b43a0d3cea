"""The lines of a chart over time: their points, and which parts of them are not over or unknown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from common.presets import MONTHS, Days, first_of, months_before
from semantic.periods import local_day
from semantic.reports import shown
from semantic.reports.content import ChartData, Content
from semantic.reports.pictures import marks
from semantic.reports.pictures.look import Look, colours, heading, span

Point = tuple[date, Decimal | None]
MOST_SERIES = 5
SHAPES = ("circle", "square", "triangle-up", "diamond", "cross")
MOST_DOTS = 14  # points that get a dot each
SHOWN_DOTS = 8  # of a longer line, to show its shape


@dataclass(frozen=True)
class Series:
    """A line: its points in the order of days, with None where the number is unknown. `shape`: of its dots, so that two
    lines differ on grey paper, too."""

    label: str
    color: str
    points: tuple[Point, ...]
    is_earlier: bool = False
    shape: str = SHAPES[0]


def series(data: ChartData, look: Look) -> list[Series]:
    """The lines of a chart, the earlier period's first, so that it is behind the others."""
    stamp, *groups = data.chart.by
    rows, metrics = data.table.to_pylist(), list(data.chart.metrics)
    newest = _newest(look.content)
    rows = [row for row in rows if newest is None or row[stamp] <= newest]
    if groups:
        names = _largest(rows, groups[0], metrics[0])
        paint = colours(look.theme, names)
        return [
            Series(str(name), color, _points(rows, stamp, metrics[0], (groups[0], name)), shape=shape)
            for name, color, shape in zip(names, paint, SHAPES, strict=False)
        ]
    paint = colours(look.theme, metrics)
    lines = [
        Series(heading(data, look, name), color, _points(rows, stamp, name), shape=SHAPES[number % len(SHAPES)])
        for number, (name, color) in enumerate(zip(metrics, paint, strict=True))
    ]
    if data.before is None or not rows:
        return lines
    last = max(row[stamp] for row in rows)
    earlier = [row for row in data.before.to_pylist() if row[stamp] <= last]
    label = "Earlier period" if len(metrics) == 1 else f"{heading(data, look, metrics[0])}, earlier period"
    return [Series(label, look.theme.earlier, _points(earlier, stamp, metrics[0]), is_earlier=True), *lines]


def is_open(day: date, grain: str, days: Days, content: Content) -> bool:
    """Whether a day, week or month is not over, or is not wholly part of the chart's days."""
    end = {"week": day + timedelta(days=6)}.get(grain, day)
    if grain in MONTHS:
        end = months_before(first_of(grain, day), -MONTHS[grain]) - timedelta(days=1)
    newest = _newest(content)
    return (newest is not None and end >= newest) or end > days[1] or day < days[0]


def segments(line: Series, data: ChartData, content: Content) -> Iterator[tuple[marks.Dash, list[Point]]]:
    """The dashes of a line and their points. It breaks where a number is unknown; a part that touches a day, week or
    month that is not over is dotted."""
    run: list[Point] = []
    grain, days, dash = data.chart.by[0], span(data, content), marks.SOLID
    for one, other in pairwise(line.points):
        if one[1] is None or other[1] is None:
            if run:
                yield dash, run
            run = []
            continue
        is_dotted = is_open(one[0], grain, days, content) or is_open(other[0], grain, days, content)
        new = marks.DASHED if line.is_earlier else marks.DOTTED if is_dotted else marks.SOLID
        if run and new == dash:
            run.append(other)
            continue
        if run:
            yield dash, run
        dash, run = new, [one, other]
    if run:
        yield dash, run


def dots(line: Series) -> list[Point]:
    """The points that have a dot: all of a short line; of a further line, some, which show its shape; and those without
    a neighbour, which the line alone would not show."""
    known = [value is not None for _, value in line.points]
    if line.is_earlier:
        every = len(known) + 1
    elif len(known) <= MOST_DOTS:
        every = 1
    else:
        every = len(known) + 1 if line.shape == SHAPES[0] else max(2, len(known) // SHOWN_DOTS)
    around = [False, *known, False]
    return [
        point
        for number, point in enumerate(line.points)
        if known[number] and ((number + 1) % every == 0 or not (around[number] or around[number + 2]))
    ]


def _newest(content: Content) -> date | None:
    """The day that was not over when the sources were read; of later days nothing is known."""
    if content.as_of is None:
        return None
    instant = content.as_of if content.as_of.tzinfo else content.as_of.replace(tzinfo=UTC)
    return local_day(instant, content.time_zone)


def _points(
    rows: Sequence[Mapping[str, Any]], stamp: str, name: str, only: tuple[str, Any] | None = None
) -> tuple[Point, ...]:
    chosen = (row for row in rows if only is None or row[only[0]] == only[1])
    return tuple(sorted((row[stamp], None if row[name] is None else shown.exact(row[name])) for row in chosen))


def _largest(rows: Sequence[Mapping[str, Any]], group: str, name: str) -> list[Any]:
    """The groups with the largest sums of a metric, at most five."""
    sums: dict[Any, Decimal] = {}
    for row in rows:
        sums[row[group]] = sums.get(row[group], Decimal(0)) + shown.exact(row[name] or 0)
    return sorted(sums, key=lambda key: (-sums[key], str(key)))[:MOST_SERIES]

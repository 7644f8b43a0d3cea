"""Lines over days, weeks or months: this period solid, what is not over dotted, the earlier period dashed and grey."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from common.presets import Days, first_of, months_before
from semantic.errors import CompileError
from semantic.periods import local_day
from semantic.reports import shown
from semantic.reports.content import ChartData, Content
from semantic.reports.pictures import axes, marks
from semantic.reports.pictures.axes import Scale
from semantic.reports.pictures.look import Look, colours, heading, span
from semantic.reports.shown import Style

Point = tuple[date, Decimal | None]
MOST_SERIES = 5
MOST_DOTS = 14  # points that get a dot each; a lone point always has one


@dataclass(frozen=True)
class Series:
    """A line: its points in the order of days, with None where the number is unknown."""

    label: str
    color: str
    points: tuple[Point, ...]
    is_earlier: bool = False


def spec(data: ChartData, look: Look) -> tuple[float, list[marks.Layer]]:
    """The bottom of the drawing and its layers. Raises CompileError where the metrics have different units."""
    style = _style(data, look.content)
    lines = series(data, look)
    stamps = sorted({day for each in lines if not each.is_earlier for day, _ in each.points})
    values = [value for each in lines for _, value in each.points if value is not None]
    labels = axes.ticks(values, style, most=5 if look.size.is_narrow else 6)
    legend, top = _legend(lines, look, data.chart.by[0], _is_dotted(data, lines, look.content))
    bottom = top + look.size.height * (0.5 if len(stamps) == 1 else 1) - look.font * 2.4
    left = look.left + look.widest(text for _, text in labels) + look.font * 0.7
    y = Scale(float(labels[0][0]), float(labels[-1][0]), bottom, top)
    first, last = _ends(data, stamps, span(data, look.content))
    x = Scale(first.toordinal(), last.toordinal(), left + 4, look.right - look.font * 0.8)
    if first == last:
        x = Scale(first.toordinal() - 1, last.toordinal() + 1, x.start, x.end)
    layers = [*_grid(labels, y, left, look), *legend, *_dates(data, stamps, (first, last), x, bottom, look)]
    layers += _lines(data, lines, x, y, look)
    if len(stamps) == 1:
        layers.append(_values_beside(lines, style, x, y, look))
    return bottom + look.font * 2, layers


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
            Series(name, color, _points(rows, stamp, metrics[0], (groups[0], name)))
            for name, color in zip(names, paint, strict=True)
        ]
    paint = colours(look.theme, metrics)
    lines = [
        Series(heading(data, look, name), color, _points(rows, stamp, name))
        for name, color in zip(metrics, paint, strict=True)
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
    if grain in ("month", "quarter", "year"):
        end = months_before(first_of(grain, day), -{"month": 1, "quarter": 3, "year": 12}[grain]) - timedelta(days=1)
    newest = _newest(content)
    return (newest is not None and end >= newest) or end > days[1] or day < days[0]


def _newest(content: Content) -> date | None:
    """The day that was not over when the sources were read; of later days nothing is known."""
    if content.as_of is None:
        return None
    instant = content.as_of if content.as_of.tzinfo else content.as_of.replace(tzinfo=UTC)
    return local_day(instant, content.time_zone)


def _style(data: ChartData, content: Content) -> Style:
    """How the numbers of all lines are written."""
    styles = [shown.style(data.table.schema.field(name), content.currency) for name in data.chart.metrics]
    if len({style.unit for style in styles}) > 1:
        raise CompileError(
            f"Cannot draw the chart {data.chart.title!r}",
            f"its metrics {', '.join(data.chart.metrics)} have different units, and a line chart has one axis",
            "Declare one chart per unit",
        )
    return styles[0]


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


def _ends(data: ChartData, stamps: Sequence[date], days: Days) -> Days:
    """The ends of the axis: the days of the chart, as far as they are known."""
    if data.chart.by[0] == "day":
        return min(days[0], stamps[0]), max(days[0], min(days[1], stamps[-1]))
    return stamps[0], stamps[-1]


def _grid(labels: Sequence[tuple[Decimal, str]], y: Scale, left: float, look: Look) -> list[marks.Layer]:
    places = [(y.at(float(value)), value) for value, _ in labels]
    lines = [
        {"x": left, "x2": look.right, "y": at, "y2": at, "color": look.theme.grid} for at, value in places if value
    ]
    zero = [
        {"x": left, "x2": look.right, "y": at, "y2": at, "color": look.theme.zero} for at, value in places if not value
    ]
    words = [
        look.item(text, left - look.font * 0.5, at, look.theme.muted)
        for (at, _), (_, text) in zip(places, labels, strict=True)
    ]
    return [marks.rules(lines), marks.rules(zero, width=1.25), marks.texts(words, look.font, align="right")]


def _dates(
    data: ChartData, stamps: Sequence[date], ends: Days, x: Scale, bottom: float, look: Look
) -> list[marks.Layer]:
    most = max(2, int((x.end - x.start) / (look.font * 5.2)))
    points = [] if data.chart.by[0] == "day" else stamps
    dates = axes.date_ticks(*ends, most, points) or [(ends[0], f"{ends[0].day} {ends[0]:%b}")]
    ticks = [{"x": (at := x.at(day.toordinal())), "x2": at, "y": bottom, "y2": bottom + 4, "color": look.theme.zero}
             for day, _ in dates]  # fmt: skip
    texts = []
    for day, text in dates:
        half = look.measure(text) / 2
        place = min(max(x.at(day.toordinal()), look.left + half), look.right - half)
        texts.append(look.item(text, place, bottom + look.font * 1.25, look.theme.muted))
    return [marks.rules(ticks), marks.texts(texts, look.font, align="center")]


def _legend(lines: Sequence[Series], look: Look, grain: str, is_dotted: bool) -> tuple[list[marks.Layer], float]:
    """Names of the lines above the drawing, in rows; and where the drawing begins."""
    entries = [(each.label, each.color, marks.DASHED if each.is_earlier else marks.SOLID)
               for each in sorted(lines, key=lambda line: line.is_earlier)]  # fmt: skip
    if is_dotted:
        label = "Not over yet" if grain == "day" else f"Part of a {grain}"
        entries.append((label, next(each.color for each in lines if not each.is_earlier), marks.DOTTED))
    if len(entries) < 2:
        return [], look.top + look.font * 0.4
    x, y, layers = look.left, look.top + look.font * 0.3, []
    sample = look.font * 1.9
    for label, color, dash in entries:
        width = sample + look.font * 0.5 + look.measure(label)
        if x > look.left and x + width > look.right:
            x, y = look.left, y + look.font * 1.6
        rule = {"x": x, "x2": x + sample, "y": y, "y2": y, "color": color}
        layers.append(marks.rules([rule], width=2.5, dash=dash))
        room = (look.right - x - sample - look.font * 0.5) / look.size.slack
        layers.append(marks.texts([look.item(label, x + sample + look.font * 0.5, y)], look.font, limit=room))
        x += width + look.font * 1.6
    return layers, y + look.font * 1.7


def _is_dotted(data: ChartData, lines: Sequence[Series], content: Content) -> bool:
    """Whether a line has a part that is not over."""
    return any(
        dash == marks.DOTTED
        for each in lines if not each.is_earlier
        for dash, _ in segments(each, data, content)
    )  # fmt: skip


def _lines(data: ChartData, lines: Sequence[Series], x: Scale, y: Scale, look: Look) -> Iterator[marks.Layer]:
    """A layer for each part of a line that has one dash, and one for the dots of lone points and of short lines."""
    ends = [_milliseconds(day) for day in (x.low, x.high)]
    encoding = {
        "x": _channel("day", "temporal", {"type": "utc", "domain": ends, "range": [x.start, x.end]}),
        "y": _channel(
            "value",
            "quantitative",
            {"domain": [y.low, y.high], "range": [y.start, y.end], "zero": False, "nice": False},
        ),
    }
    for each in lines:
        shape = {
            "type": "line",
            "color": each.color,
            "strokeWidth": 1.75 if each.is_earlier else look.font / 5.2,
            "strokeJoin": "round",
            "strokeCap": "butt" if each.is_earlier else "round",
        }
        for dash, points in segments(each, data, look.content):
            yield {"data": _values(each, points), "mark": {**shape, "strokeDash": list(dash)}, "encoding": encoding}
        size = look.font * (6 if len(each.points) == 1 else 2.6)
        dot = {"type": "point", "filled": True, "color": each.color, "opacity": 1, "size": size}
        if dots := _dots(each):
            yield {"data": _values(each, dots), "mark": dot, "encoding": encoding}


def _values_beside(lines: Sequence[Series], style: Style, x: Scale, y: Scale, look: Look) -> marks.Layer:
    """The numbers beside the dots of one day, which no line connects."""
    places: list[dict[str, Any]] = []
    for each in reversed(lines):
        for day, value in each.points:
            if value is not None and all(abs(y.at(float(value)) - place["y"]) > look.font for place in places):
                place = (x.at(day.toordinal()) + look.font * 0.8, y.at(float(value)))
                places.append(look.item(style.text(value), *place, each.color if each.is_earlier else ""))
    return marks.texts(places, look.font)


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


def _dots(line: Series) -> list[Point]:
    """The points that a line alone would not show: those without a neighbour. In a short line, all of this period."""
    known = [value is not None for _, value in line.points]
    if len(known) <= MOST_DOTS and not line.is_earlier:
        return [point for point in line.points if point[1] is not None]
    around = [False, *known, False]
    return [
        point
        for number, point in enumerate(line.points)
        if known[number] and not around[number] and not around[number + 2]
    ]


def _values(line: Series, points: Sequence[Point]) -> dict[str, Any]:
    return {
        "values": [
            {"series": line.label, "day": day.isoformat(), "value": None if value is None else float(value)}
            for day, value in points
        ]
    }


def _channel(field: str, kind: str, scale: Mapping[str, Any]) -> dict[str, Any]:
    return {"field": field, "type": kind, "axis": None, "scale": dict(scale)}


def _milliseconds(ordinal: float) -> int:
    """The instant at which a day begins (UTC), as Vega counts."""
    return (int(ordinal) - date(1970, 1, 1).toordinal()) * 86_400_000

"""Lines over days, weeks or months: this period solid, what is not over dotted, the earlier period dashed and grey."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from common.presets import Days
from semantic.errors import CompileError
from semantic.reports import shown
from semantic.reports.content import ChartData, Content
from semantic.reports.pictures import axes, marks
from semantic.reports.pictures.axes import Scale
from semantic.reports.pictures.look import Look, span
from semantic.reports.pictures.series import SHAPES, Point, Series, dots, is_open, segments, series
from semantic.reports.shown import Style

DOT = 3.6  # area of a dot that shows its shape, times the font's size


def spec(data: ChartData, look: Look) -> tuple[float, list[marks.Layer]]:
    """The bottom of the drawing and its layers. Raises CompileError where the metrics have different units."""
    style = _style(data, look.content)
    lines = series(data, look)
    stamps = sorted({day for each in lines if not each.is_earlier for day, _ in each.points})
    values = [value for each in lines for _, value in each.points if value is not None]
    values += [data.limit] if data.limit is not None else []
    labels = axes.ticks(values, style, most=5 if look.size.is_narrow else 6)
    limit = "" if data.limit is None else f"Limit {style.text(data.limit)}"
    legend, top = _legend(lines, look, data.chart.by[0], _is_dotted(data, lines, look.content), limit)
    bottom = top + look.size.height * (0.5 if len(stamps) == 1 else 1) - look.font * 2.4
    left = look.left + look.widest(text for _, text in labels) + look.font * 0.7
    y = Scale(float(labels[0][0]), float(labels[-1][0]), bottom, top)
    first, last = _ends(data, stamps, span(data, look.content))
    x = Scale(first.toordinal(), last.toordinal(), left + 4, look.right - look.font * 0.8)
    if first == last:
        x = Scale(first.toordinal() - 1, last.toordinal() + 1, x.start, x.end)
    layers = [*_grid(labels, y, left, look), *legend, *_dates(data, stamps, (first, last), x, bottom, look)]
    if data.limit is not None:
        at = y.at(float(data.limit))
        across = {"x": left, "x2": look.right, "y": at, "y2": at, "color": look.theme.bad}
        layers.append(marks.rules([across], width=1.75, dash=marks.DASHED))
    layers += _lines(data, lines, x, y, look)
    if len(stamps) == 1:
        goes_on = is_open(stamps[0], data.chart.by[0], span(data, look.content), look.content)
        layers.append(_values_beside(lines, style, x, y, look, " so far" * goes_on))
    return bottom + look.font * 2, layers


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


def _legend(
    lines: Sequence[Series], look: Look, grain: str, is_dotted: bool, limit: str
) -> tuple[list[marks.Layer], float]:
    """Names of the lines above the drawing, in rows; and where the drawing begins."""
    own = [each for each in lines if not each.is_earlier]
    entries = [(each.label, each.color, marks.SOLID, each.shape if dots(each) else "") for each in own]
    entries += [(each.label, each.color, marks.DASHED, "") for each in lines if each.is_earlier]
    if is_dotted:
        entries.append(("Not over yet" if grain == "day" else f"Part of a {grain}", own[0].color, marks.DOTTED, ""))
    if limit:
        entries.append((limit, look.theme.bad, marks.DASHED, ""))
    if len(entries) < 2:
        return [], look.top + look.font * 0.4
    x, y, layers = look.left, look.top + look.font * 0.3, []
    sample = look.font * 1.9
    for label, color, dash, shape in entries:
        width = sample + look.font * 0.5 + look.measure(label)
        if x > look.left and x + width > look.right:
            x, y = look.left, y + look.font * 1.6
        layers.append(marks.rules([{"x": x, "x2": x + sample, "y": y, "y2": y, "color": color}], width=2.5, dash=dash))
        if len(own) > 1 and shape:
            layers.append(marks.dots([{"x": x + sample / 2, "y": y, "color": color}], shape, look.font * DOT))
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
        size = look.font * (6 if len(each.points) == 1 else 2.6 if each.shape == SHAPES[0] else DOT)
        if points := dots(each):
            mark = {
                "type": "point",
                "shape": each.shape,
                "filled": True,
                "color": each.color,
                "opacity": 1,
                "size": size,
            }
            yield {"data": _values(each, points), "mark": mark, "encoding": encoding}


def _values_beside(lines: Sequence[Series], style: Style, x: Scale, y: Scale, look: Look, so_far: str) -> marks.Layer:
    """The numbers beside the dots of one day, week or month, which no line connects. `so_far`: for one that goes on."""
    places: list[dict[str, Any]] = []
    for each in reversed(lines):
        for day, value in each.points:
            if value is not None and all(abs(y.at(float(value)) - item["y"]) > look.font * 1.5 for item in places):
                place = (x.at(day.toordinal()) + look.font * 0.8, y.at(float(value)) - look.font * 0.6)
                if each.is_earlier:
                    places.append(look.item(style.text(value), *place, look.theme.muted))
                else:
                    places.append(look.item(style.text(value) + so_far, *place))
    return marks.texts(places, look.font)


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

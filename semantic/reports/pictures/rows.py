"""Horizontal bars, longest first, and the steps of a funnel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from semantic.reports import shown
from semantic.reports.content import ChartData, Content
from semantic.reports.pictures import marks
from semantic.reports.pictures.axes import Scale
from semantic.reports.pictures.look import Look
from semantic.reports.shown import Style

MOST_BARS = 20
NO_NAME = "(no name)"
Row = tuple[str, Decimal | None]


@dataclass(frozen=True)
class Bar:
    """A bar with its value in words, and a note."""

    name: str
    value: Decimal | None
    word: str
    note: str = ""


@dataclass(frozen=True)
class Step:
    """A step of a funnel. `share`: its count as a share of the step before; None where that is unknown."""

    label: str
    count: Decimal | None
    share: Decimal | None


def bars(data: ChartData, look: Look) -> tuple[float, list[marks.Layer]]:
    """The bottom of the drawing and its layers: a bar per row, its name before it and its value at its end."""
    style = shown.style(data.table.schema.field(data.chart.metrics[0]), look.content.currency)
    return _draw([Bar(name, value, style.text(value)) for name, value in longest(data)], look)


def longest(data: ChartData) -> list[Row]:
    """Name and value of each row, the largest first, unknown ones last."""
    metric = data.chart.metrics[0]
    rows = [(name_of(data, row), exact(row[metric])) for row in data.table.to_pylist()]
    rows.sort(key=lambda row: (row[1] is None, -(row[1] or 0)))
    return rows[: data.chart.limit or MOST_BARS]


def steps(data: ChartData, content: Content) -> list[Step]:
    """The steps of a funnel: the counts of its one row, or one per row. A metric of ratios is the share of its step."""
    fields = {name: data.table.schema.field(name) for name in data.chart.metrics}
    units = {name: shown.style(field, content.currency).unit for name, field in fields.items()}
    counts = [name for name in data.chart.metrics if units[name] != "ratio"]
    ratios = [name for name in data.chart.metrics if units[name] == "ratio"]
    table = data.table.to_pylist()
    if data.chart.by:
        names = name_column(data)
        labels = [str(row[names]) for row in table]
        values = [row[counts[0]] for row in table]
        ratios_known = [row[ratios[0]] if ratios else None for row in table][1:]
    else:
        labels = [shown.label(fields[name], content.columns) for name in counts]
        values = [table[0][name] for name in counts]
        ratios_known = [table[0][name] for name in ratios]
    every, before = [], None
    for number, (label, value) in enumerate(zip(labels, values, strict=True)):
        count = exact(value)
        share = exact(ratios_known[number - 1]) if 0 < number <= len(ratios_known) else None
        if share is None and count is not None and before:
            share = count / before
        every.append(Step(label, count, share))
        before = count
    return every


def funnel(data: ChartData, look: Look) -> tuple[float, list[marks.Layer]]:
    """The bottom of the drawing and its layers: a bar per step, and between two steps the share that went on."""
    style = Style("count", ",d", look.content.currency)
    share = Style("ratio", ".1%", look.content.currency)
    drawn = []
    for number, step in enumerate(steps(data, look.content)):
        note = f"{share.text(step.share)} of the step before" if number and step.share is not None else ""
        drawn.append(Bar(step.label, step.count, style.text(step.count), note))
    return _draw(drawn, look)


def _draw(bars: Sequence[Bar], look: Look) -> tuple[float, list[marks.Layer]]:
    """Bars below each other. On a phone name and note are above the bar; else they are before and after it."""
    font, above, theme = look.font, look.size.is_narrow, look.theme
    room = 0.0 if above else min(look.widest(bar.name for bar in bars) + font, (look.right - look.left) * 0.36)
    x = _scale(bars, look, room)
    pitch, thick = (font * 3.2, font * 1.1) if above else (font * 2.3, font * 1.45)
    bottom = look.top + len(bars) * pitch
    names, words, notes, drawn = [], [], [], []
    for number, bar in enumerate(bars):
        y = look.top + number * pitch
        middle = y + (font * 2 if above else pitch / 2)
        size = float(bar.value or 0)
        end = x.at(size) + (font * 0.5 if size >= 0 else -font * 0.5)
        drawn.append({"name": bar.name, "value": None if bar.value is None else size, "low": 0,
                      "y": middle - thick / 2, "y2": middle + thick / 2})  # fmt: skip
        names.append(
            look.item(bar.name, look.left + (0 if above else room - font * 0.7), y + font * 0.75 if above else middle)
        )
        words.append(look.item(bar.word, end, middle, theme.muted if bar.value is None else theme.text))
        after = end + look.measure(bar.word) + font * 0.9
        notes.append(look.item(bar.note, *((look.right, y + font * 0.75) if above else (after, middle)), theme.muted))
    zero = {"x": x.at(0), "x2": x.at(0), "y": look.top, "y2": bottom, "color": theme.zero}
    ahead = [word for word, bar in zip(words, bars, strict=True) if (bar.value or 0) < 0]
    limit = (look.right - look.left if above else room - font * 0.7) / look.size.slack
    return bottom, [
        boxes(drawn, x, look.theme.accent),
        marks.rules([zero] if x.low < 0 else []),
        marks.texts(names, font, align="left" if above else "right", limit=limit),
        marks.texts([word for word in words if word not in ahead], font),
        marks.texts(ahead, font, align="right"),
        marks.texts([note for note in notes if note["text"]], font, align="right" if above else "left"),
    ]


def _scale(bars: Sequence[Bar], look: Look, room: float) -> Scale:
    """From zero, or the least value, to the largest one; the words at the ends of the bars have their place."""
    font, above = look.font, look.size.is_narrow
    values = [float(bar.value) for bar in bars if bar.value is not None]
    low, high = min([0.0, *values]), max([0.0, *values])
    after = look.widest(bar.word if above or not bar.note else f"{bar.word}  {bar.note}" for bar in bars) + font
    before = look.widest(bar.word for bar in bars if (bar.value or 0) < 0) + font if low < 0 else 0
    start = look.left + room + before
    return Scale(low, high if high > low else low + 1, start, max(look.right - after, start + font * 4))


def boxes(drawn: Sequence[dict[str, Any]], x: Scale, color: str) -> marks.Layer:
    """Bars of one colour: their lengths are those of the values in the data."""
    pixels = marks.rects(drawn, radius=2)
    scale = {"domain": [x.low, x.high], "range": [x.start, x.end], "zero": False, "nice": False}
    channel = {"field": "value", "type": "quantitative", "axis": None, "scale": scale}
    encoding = {**pixels["encoding"], "x": channel, "x2": {"field": "low"}}
    del encoding["fill"], encoding["fillOpacity"]
    values = [{key: item[key] for key in ("name", "value", "low", "y", "y2")} for item in drawn]
    return {"data": {"values": values}, "mark": {**pixels["mark"], "color": color}, "encoding": encoding}


def name_column(data: ChartData) -> str:
    """The column of names: the last one before the metrics."""
    names = [name for name in data.table.column_names if name not in data.chart.metrics]
    return str(names[-1])


def name_of(data: ChartData, row: Mapping[str, Any]) -> str:
    """The name of a row as people read it."""
    column = name_column(data)
    return NO_NAME if row[column] is None else shown.word(data.table.schema.field(column), row[column])


def exact(value: Any) -> Decimal | None:
    """A number of a table as a decimal."""
    return None if value is None else shown.exact(value)

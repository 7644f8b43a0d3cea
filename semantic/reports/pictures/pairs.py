"""Horizontal bars of two metrics: two bars per name, one below the other, with the metrics' names above the drawing."""

from __future__ import annotations

from decimal import Decimal
from itertools import chain
from typing import Any

from semantic.reports import shown
from semantic.reports.content import ChartData
from semantic.reports.pictures import marks, rows
from semantic.reports.pictures.axes import Scale
from semantic.reports.pictures.look import Look, colours, heading

Pair = tuple[str, tuple[Decimal | None, ...]]


def spec(data: ChartData, look: Look) -> tuple[float, list[marks.Layer]]:
    """The bottom of the drawing and its layers; bars of one metric as rows.py draws them."""
    if len(data.chart.metrics) == 1:
        return rows.bars(data, look)
    metrics = list(data.chart.metrics)
    styles = [shown.style(data.table.schema.field(name), look.content.currency) for name in metrics]
    paint = colours(look.theme, metrics)
    legend, top = _legend([heading(data, look, name) for name in metrics], paint, look)
    pairs, font, above = every(data), look.font, look.size.is_narrow
    room = 0.0 if above else min(look.widest(name for name, _ in pairs) + font, (look.right - look.left) * 0.36)
    texts = [[style.text(value) for style, value in zip(styles, values, strict=True)] for _, values in pairs]
    known = [float(value) for _, values in pairs for value in values if value is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    start = look.left + room + (look.widest(chain(*texts)) + font if low < 0 else 0)
    x = Scale(low, high if high > low else low + 1, start, look.right - look.widest(chain(*texts)) - font)
    thick, gap = font * 1.1, font * 0.3
    head = font * 1.7 if above else 0.0
    pitch = head + 2 * thick + gap + font * 1.1
    names, words, boxes = [], [], list[list[dict[str, Any]]]([[], []])
    for number, (name, values) in enumerate(pairs):
        y = top + number * pitch
        middle = y + (font * 0.75 if above else thick + gap / 2)
        names.append(look.item(name, look.left + (0 if above else room - font * 0.7), middle))
        for part, value in enumerate(values):
            upper = y + head + part * (thick + gap)
            size = float(value or 0)
            boxes[part].append({"name": name, "value": None if value is None else size, "low": 0, "y": upper,
                                "y2": upper + thick})  # fmt: skip
            end = max(x.at(size), x.at(0)) + font * 0.5
            color = look.theme.muted if value is None else look.theme.text
            words.append(look.item(texts[number][part], end, upper + thick / 2, color))
    limit = (look.right - look.left if above else room - font * 0.7) / look.size.slack
    bottom = top + len(pairs) * pitch - font * 0.5
    return bottom, [
        *legend,
        *(rows.boxes(part, x, color) for part, color in zip(boxes, paint, strict=True)),
        marks.texts(names, font, align="left" if above else "right", limit=limit),
        marks.texts(words, font),
    ]


def every(data: ChartData) -> list[Pair]:
    """Name and values of each row, the largest first metric first."""
    pairs = [(rows.name_of(data, row), tuple(map(rows.exact, _values(data, row)))) for row in data.table.to_pylist()]
    pairs.sort(key=lambda pair: (pair[1][0] is None, -(pair[1][0] or 0)))
    return pairs[: data.chart.limit or rows.MOST_BARS]


def _values(data: ChartData, row: dict[str, Any]) -> list[Any]:
    return [row[name] for name in data.chart.metrics]


def _legend(labels: list[str], paint: list[str], look: Look) -> tuple[list[marks.Layer], float]:
    """A sample of each colour with the metric's name, in rows; and where the bars begin."""
    x, y, font = look.left, look.top + look.font * 0.3, look.font
    samples, names = [], []
    for label, color in zip(labels, paint, strict=True):
        width = font * 1.5 + look.measure(label)
        if x > look.left and x + width > look.right:
            x, y = look.left, y + font * 1.6
        samples.append({"x": x, "x2": x + font, "y": y - font / 2, "y2": y + font / 2, "color": color})
        names.append(look.item(label, x + font * 1.5, y))
        x += width + font * 1.8
    return [marks.rects(samples, radius=2), marks.texts(names, font)], y + font * 1.7

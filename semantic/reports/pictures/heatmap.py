"""Rows and columns of one metric, such as cohorts by month: the darker, the more."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from semantic.reports import shown
from semantic.reports.content import ChartData
from semantic.reports.pictures import marks
from semantic.reports.pictures.look import Look, heading

MOST_ROWS, MOST_COLUMNS, MOST_ON_A_PHONE = 24, 24, 7
Cell = tuple[Any, Any, Decimal | None]


def cells(data: ChartData, most: int = MOST_COLUMNS) -> list[Cell]:
    """Row, column and value of each cell; the newest rows and the first columns where there are too many."""
    down, across = data.chart.by[:2]
    metric = data.chart.metrics[0]
    rows = data.table.to_pylist()
    shown_rows = set(sorted({row[down] for row in rows}, key=_order)[-MOST_ROWS:])
    shown_columns = set(sorted({row[across] for row in rows}, key=_order)[:most])
    return [
        (row[down], row[across], None if row[metric] is None else shown.exact(row[metric]))
        for row in rows
        if row[down] in shown_rows and row[across] in shown_columns
    ]


def spec(data: ChartData, look: Look) -> tuple[float, list[marks.Layer]]:
    """The bottom of the drawing and its layers."""
    style = shown.style(data.table.schema.field(data.chart.metrics[0]), look.content.currency)
    cells_shown = cells(data, MOST_ON_A_PHONE if look.size.is_narrow else MOST_COLUMNS)
    downs = sorted({row for row, _, _ in cells_shown}, key=_order)
    acrosses = sorted({column for _, column, _ in cells_shown}, key=_order)
    font = look.font
    room = look.widest(label(value) for value in downs) + font * 0.9
    width = (look.right - look.left - room) / len(acrosses)
    height, top = max(font * 1.9, min(width * 0.6, font * 2.6)), look.top + font * 3.2
    left = look.left + room
    small = min(font, width / 2.9)
    if style.format.endswith("%") and width < font * 3.2:
        style = replace(style, format=".0%")
    text = style.text if style.format.endswith("%") else style.short
    most = max((value for _, _, value in cells_shown if value is not None and value < 1), default=Decimal(1))
    if style.unit != "ratio":
        most = max((value for _, _, value in cells_shown if value is not None), default=Decimal(1))
    boxes, words = [], []
    for row, column, value in cells_shown:
        x, y = left + acrosses.index(column) * width, top + downs.index(row) * height
        share = 0.0 if value is None else float(min(Decimal(1), max(Decimal(0), value / (most or 1))))
        boxes.append({"row": label(row), "column": label(column), "value": None if value is None else float(value),
                      "x": x + 1, "x2": x + width - 1, "y": y + 1, "y2": y + height - 1,
                      "opacity": round(look.theme.tint * share, 3), "color": look.theme.accent})  # fmt: skip
        if value is not None and width >= font * 1.6:
            word = text(value).replace("\N{NO-BREAK SPACE}", " ")
            words.append(
                look.item(word.removesuffix(" %") if width < font * 3.4 else word, x + width / 2, y + height / 2)
            )
    heads = [look.item(label(value), left + (number + 0.5) * width, top - font * 0.9, look.theme.muted)
             for number, value in enumerate(acrosses)]  # fmt: skip
    names = [look.item(label(value), left - font * 0.6, top + (number + 0.5) * height, look.theme.muted)
             for number, value in enumerate(downs)]  # fmt: skip
    caption = heading(data, look, data.chart.by[1])
    if len(acrosses) < len({row[data.chart.by[1]] for row in data.table.to_pylist()}):
        caption += f", the first {len(acrosses)}"
    if style.unit == "ratio" and style.format.endswith("%") and width < font * 3.8:
        caption += ", values in %"
    return top + len(downs) * height, [
        marks.rects(boxes, radius=2),
        marks.texts(words, small, align="center"),
        marks.texts(heads, small, align="center"),
        marks.texts(names, font, align="right"),
        marks.texts([look.item(caption, left, look.top + font * 0.6, look.theme.muted)], font, limit=look.right - left),
    ]


def label(value: Any) -> str:
    """A cohort's month as Nov 2026, anything else as it is."""
    return f"{value:%b %Y}" if isinstance(value, date) else str(value)


def _order(value: Any) -> tuple[bool, Any]:
    return value is None, value

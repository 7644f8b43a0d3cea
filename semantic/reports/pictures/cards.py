"""Pictures of words: rows of a table, one number with its badge, and the sentence where nothing is known."""

from __future__ import annotations

import pyarrow as pa

from semantic.catalog import Metric
from semantic.reports import shown, texts
from semantic.reports.content import ChartData, Content
from semantic.reports.pictures import marks
from semantic.reports.pictures.look import Look

MOST_ROWS = 20
NO_ROWS = "No rows in these days."
NOTHING_KNOWN = "The numbers of these days are unknown."


def sentence(data: ChartData) -> str:
    """What is said in place of a chart that has no row or no known number; empty where it has one."""
    if data.table.num_rows == 0:
        return NO_ROWS
    columns = [data.table.column(name) for name in data.chart.metrics]
    return NOTHING_KNOWN if columns and all(column.null_count == len(column) for column in columns) else ""


def nothing(data: ChartData, look: Look) -> tuple[float, list[marks.Layer]]:
    """The sentence in the middle of the picture."""
    height = look.font * 8
    item = look.item(sentence(data), (look.left + look.right) / 2, look.top + height / 2, look.theme.muted)
    return look.top + height, [marks.texts([item], look.font * 1.1, align="center", limit=look.right - look.left)]


def table(data: ChartData, look: Look) -> tuple[float, list[marks.Layer]]:
    """The rows as they are: texts left, numbers right aligned, cut where they are too wide."""
    rows = data.table.to_pylist()[: data.chart.limit or MOST_ROWS]
    fields = visible(data)
    styles = [shown.style(field, look.content.currency) for field in fields]
    heads = [shown.label(field, look.content.columns) for field in fields]
    cells = [[texts.cell(style, row[field.name]) for row in rows] for field, style in zip(fields, styles, strict=True)]
    font, pitch = look.font, look.font * 2.2
    wishes = [max(look.measure(head, bold=True), look.widest(column)) + font * 1.4
              for head, column in zip(heads, cells, strict=True)]  # fmt: skip
    widths = _widths(wishes, [style.is_number for style in styles], look.right - look.left)
    top, x = look.top, look.left
    layers: list[marks.Layer] = [_lines(len(rows), top, pitch, look)]
    for head, column, style, width in zip(heads, cells, styles, widths, strict=True):
        place, side = (x + width - font * 0.4, "right") if style.is_number else (x + font * 0.4, "left")
        limit = width - font * 0.8
        layers.append(
            marks.texts([look.item(head, place, top + pitch / 2)], font, align=_side(side), bold=True, limit=limit)
        )
        items = [
            look.item(text, place, top + (number + 1.5) * pitch, look.theme.muted if text == "–" else "")
            for number, text in enumerate(column)
        ]
        layers.append(marks.texts(items, font, align=_side(side), limit=limit))
        x += width
    return top + (len(rows) + 1) * pitch, layers


def visible(data: ChartData) -> list[pa.Field]:
    """The columns of a table that people read: not the identifier of something whose name is in the next column."""
    fields = list(data.table.schema)
    has_name = [shown.is_text(field) and not field.name.endswith("_id") for field in fields]
    return [field for field in fields if not (field.name.endswith("_id") and any(has_name))]


def facts(data: ChartData, look: Look) -> list[tuple[str, str]]:
    """The words of a figure: its own name and value, its badge and limits, then the report's other figures."""
    first, content = data.chart.metrics[0], look.content
    field, value = data.table.schema.field(first), data.table.column(first)[0].as_py()
    own = next((each for each in content.figures if each.metric.name == first), None)
    text = shown.style(field, content.currency).text(value)
    if own is not None and own.badge:
        text += f" ({shown.BADGES[own.badge][0][2:]}: {limits_of(own.metric, content)})"
    others = [each for each in content.figures if each.metric.name != first and each.days is None]
    return [
        (shown.label(field, {}), text),
        *((each.metric.label, shown.of_metric(each.metric, content.currency).text(each.value)) for each in others),
    ]


def figure(data: ChartData, look: Look) -> tuple[float, list[marks.Layer]]:
    """The metric large, with its badge and its limits; the report's other figures below it."""
    first, font, left = data.chart.metrics[0], look.font, look.left
    y = look.top + font * 2
    value = data.table.column(first)[0].as_py()
    large = look.item(shown.style(data.table.schema.field(first), look.content.currency).text(value), left, y)
    layers = [marks.texts([{**large, "value": None if value is None else float(value)}], font * 3.2, bold=True)]
    own = next((each for each in look.content.figures if each.metric.name == first), None)
    if own is not None and own.badge:
        word, tone = shown.BADGES[own.badge]
        x = left + look.measure(large["text"], 3.2, bold=True) + font * 1.6
        pill = {"x": x, "x2": x + look.measure(word, 1.1, bold=True) + font * 1.6, "y": y - font, "y2": y + font}
        layers.append(marks.rects([{**pill, "color": getattr(look.theme, tone)}], radius=font))
        text = look.item(word, x + font * 0.8, y, look.theme.background)
        layers.append(marks.texts([text], font * 1.1, bold=True))
        y += font * 2.9
        limits = look.item(limits_of(own.metric, look.content), left, y, look.theme.muted)
        layers.append(marks.texts([limits], font, limit=look.right - left))
    y += font * 2.2
    others = facts(data, look)[1:]
    pitch, end = font * 2.1, min(look.right, left + font * 30)
    places = [(y + number * pitch, name, text) for number, (name, text) in enumerate(others)]
    return y + len(others) * pitch, [
        *layers,
        marks.rules({"x": left, "x2": end, "y": at, "y2": at, "color": look.theme.grid} for at, _, _ in places),
        marks.texts((look.item(name, left, at + pitch / 2, look.theme.muted) for at, name, _ in places), font),
        marks.texts((look.item(text, end, at + pitch / 2) for at, _, text in places), font, align="right"),
    ]


def limits_of(metric: Metric, content: Content) -> str:
    """The limits of a metric's badge in words."""
    style = shown.of_metric(metric, content.currency)
    green, yellow = (style.short((metric.thresholds or {})[color]) for color in ("green", "yellow"))
    return f"good up to {green}, watch up to {yellow}, too high above"


def _lines(count: int, top: float, pitch: float, look: Look) -> marks.Layer:
    theme = look.theme
    return marks.rules(
        {"x": look.left, "x2": look.right, "y": y, "y2": y, "color": theme.zero if number == 0 else theme.grid}
        for number in range(count)
        for y in [top + (number + 1) * pitch]
    )


def _widths(wishes: list[float], numeric: list[bool], room: float) -> list[float]:
    """Numbers get what they need; texts share the rest."""
    texts = [wish for wish, is_number in zip(wishes, numeric, strict=True) if not is_number]
    rest = room - (sum(wishes) - sum(texts))
    if not texts:
        return [room / len(wishes)] * len(wishes)
    if rest < room * 0.3:  # too many columns: all of them are cut
        return [wish * room / sum(wishes) for wish in wishes]
    return [wish if is_number else wish * rest / sum(texts) for wish, is_number in zip(wishes, numeric, strict=True)]


def _side(name: str) -> marks.Align:
    return "right" if name == "right" else "left"

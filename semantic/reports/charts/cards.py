"""Pictures of words: rows of a table, one number with its badge, and the sentence where nothing is known."""

from __future__ import annotations

from semantic.reports import shown
from semantic.reports.charts import marks
from semantic.reports.charts.look import Look, heading
from semantic.reports.content import ChartData, Content

MOST_ROWS = 20
NO_ROWS = "No rows in these days."
NOTHING_KNOWN = "The numbers of these days are unknown."


def sentence(data: ChartData) -> str:
    """What is said in place of a chart that has no row or no known number; empty where it has one."""
    if data.table.num_rows == 0:
        return NO_ROWS
    columns = [data.table.column(name) for name in data.chart.metrics]
    return NOTHING_KNOWN if all(column.null_count == len(column) for column in columns) else ""


def nothing(data: ChartData, look: Look) -> tuple[float, list[marks.Layer]]:
    """The sentence in the middle of the picture."""
    height = look.font * 8
    item = look.item(sentence(data), (look.left + look.right) / 2, look.top + height / 2, look.theme.muted)
    return look.top + height, [marks.texts([item], look.font * 1.1, align="center", limit=look.right - look.left)]


def table(data: ChartData, look: Look) -> tuple[float, list[marks.Layer]]:
    """The rows as they are: texts left, numbers right aligned, cut where they are too wide."""
    rows = data.table.to_pylist()[: data.chart.limit or MOST_ROWS]
    names = visible(data)
    styles = [shown.style(data.table.schema.field(name), look.content.currency) for name in names]
    heads = [heading(data, look, name) for name in names]
    cells = [[style.text(row[name]) for row in rows] for name, style in zip(names, styles, strict=True)]
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
            look.item(text, place, top + (number + 1.5) * pitch, look.theme.muted if text == shown.UNKNOWN else "")
            for number, text in enumerate(column)
        ]
        layers.append(marks.texts(items, font, align=_side(side), limit=limit))
        x += width
    return top + (len(rows) + 1) * pitch, layers


def visible(data: ChartData) -> list[str]:
    """The columns of a table that people read: not the keys that another column names."""
    names = data.chart.by + data.chart.metrics
    return [name for name in data.table.column_names if name in names] or data.table.column_names


def figure(data: ChartData, look: Look) -> tuple[float, list[marks.Layer]]:
    """The first metric large, with its badge and its limits; the others below it."""
    first, *others = data.chart.metrics
    row = data.table.to_pylist()[0]
    style = shown.style(data.table.schema.field(first), look.content.currency)
    metric = next((each.metric for each in look.content.figures if each.metric.name == first), None)
    font, left, y = look.font, look.left, look.top + look.font * 2
    large = look.item(style.text(row[first]), left, y)
    layers = [marks.texts([large], font * 3.2, bold=True)]
    if metric is not None and (badge := shown.badge(metric, row[first])):
        word, tone = shown.BADGES[badge]
        color = getattr(look.theme, tone)
        x = left + look.measure(large["text"], 3.2, bold=True) + font * 1.6
        width = look.measure(word, 1.1, bold=True) + font * 1.6
        pill = {"x": x, "x2": x + width, "y": y - font, "y2": y + font, "color": color, "opacity": 1}
        layers.append(marks.rects([pill], radius=font))
        layers.append(marks.texts([look.item(word, x + font * 0.8, y, look.theme.background)], font * 1.1, bold=True))
    if limits := limits_of(look.content, first):
        y += font * 2.9
        layers.append(marks.texts([look.item(limits, left, y, look.theme.muted)], font, limit=look.right - left))
    y += font * 2.2
    styles = [shown.style(data.table.schema.field(name), look.content.currency) for name in others]
    pitch, middle = font * 2.1, min(look.right, left + font * 30)
    rules = [{"x": left, "x2": middle, "y": y + n * pitch, "y2": y + n * pitch, "color": look.theme.grid}
             for n in range(len(others))]  # fmt: skip
    names = [look.item(heading(data, look, name), left, y + (n + 0.5) * pitch, look.theme.muted)
             for n, name in enumerate(others)]  # fmt: skip
    values = [look.item(each.text(row[name]), middle, y + (n + 0.5) * pitch)
              for n, (name, each) in enumerate(zip(others, styles, strict=True))]  # fmt: skip
    return y + len(others) * pitch, [
        *layers, marks.rules(rules), marks.texts(names, font), marks.texts(values, font, align="right"),
    ]  # fmt: skip


def limits_of(content: Content, name: str) -> str:
    """The limits of a metric's badge in words; empty where it has none."""
    metric = next((each.metric for each in content.figures if each.metric.name == name), None)
    if metric is None or not metric.thresholds:
        return ""
    style = shown.of_metric(metric, content.currency)
    green, yellow = (style.short(metric.thresholds[color]) for color in ("green", "yellow"))
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

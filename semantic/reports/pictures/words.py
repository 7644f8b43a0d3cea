"""What a chart shows, for people who do not see it: its first, last and largest values."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from semantic.reports import shown, texts
from semantic.reports.content import ChartData
from semantic.reports.pictures import cards, heatmap, pairs, rows, world
from semantic.reports.pictures import series as lines
from semantic.reports.pictures.look import Look, heading, span


def describe(data: ChartData, look: Look) -> str:
    """One to a few sentences, without the title."""
    if words := cards.sentence(data):
        return words
    kinds = {
        "line": _line, "bars": _bars, "funnel": _funnel, "heatmap": _heatmap, "table": _table, "figure": _figure,
        "map": _map,
    }  # fmt: skip
    return kinds[data.chart.kind](data, look)


def _figure(data: ChartData, look: Look) -> str:
    return ". ".join(f"{name} {value}" for name, value in cards.facts(data, look)) + "."


def _table(data: ChartData, look: Look) -> str:
    fields = cards.visible(data)
    styles = [shown.style(field, look.content.currency) for field in fields]
    names = [shown.label(field, look.content.columns) for field in fields]
    return " ".join(
        "; ".join(
            f"{name} {style.text(row[field.name])}" for name, field, style in zip(names, fields, styles, strict=True)
        )
        + "."
        for row in data.table.to_pylist()[: data.chart.limit or cards.MOST_ROWS]
    )


def _line(data: ChartData, look: Look) -> str:
    styles = {name: shown.style(data.table.schema.field(name), look.content.currency) for name in data.chart.metrics}
    style = styles[data.chart.metrics[0]]
    days = span(data, look.content)
    sentences = [f"By {data.chart.by[0]}, {texts.days(days)}."]
    for each in sorted(lines.series(data, look), key=lambda each: each.is_earlier):
        known = [(day, value) for day, value in each.points if value is not None]
        if not known:
            sentences.append(f"{each.label}: {shown.UNKNOWN}.")
            continue
        largest = max(known, key=lambda point: point[1])
        three = (("first", known[0]), ("last", known[-1]), ("largest", largest))
        parts = [
            f"{word} {style.text(value)}" + ("" if each.is_earlier else f" ({texts.day(day)})")  # drawn over other days
            for word, (day, value) in three
        ]
        if lines.is_open(known[-1][0], data.chart.by[0], days, look.content) and not each.is_earlier:
            parts[1] += ", not over yet"
        sentences.append(f"{each.label}: {', '.join(parts if len(known) > 1 else parts[1:2])}.")
    return " ".join(sentences)


def _bars(data: ChartData, look: Look) -> str:
    if len(data.chart.metrics) > 1:
        return _pairs(data, look)
    style = shown.style(data.table.schema.field(data.chart.metrics[0]), look.content.currency)
    every = rows.longest(data)
    first, last = every[0], every[-1]
    text = f"{len(every)} bars. Longest: {first[0]}, {style.text(first[1])}."
    return text if len(every) == 1 else f"{text} Shortest: {last[0]}, {style.text(last[1])}."


def _pairs(data: ChartData, look: Look) -> str:
    styles = [shown.style(data.table.schema.field(name), look.content.currency) for name in data.chart.metrics]
    names = [heading(data, look, name) for name in data.chart.metrics]
    sentences = []
    for name, values in pairs.every(data):
        parts = zip(names, styles, values, strict=True)
        sentences.append(f"{name}: {', '.join(f'{label} {style.text(value)}' for label, style, value in parts)}.")
    return " ".join(sentences)


def _funnel(data: ChartData, look: Look) -> str:
    count, share = (
        shown.Style(unit, form, look.content.currency) for unit, form in (("count", ",d"), ("ratio", ".1%"))
    )
    return " ".join(
        f"{step.label}: {count.text(step.count)}"
        + (f", {share.text(step.share)} of the step before." if number and step.share is not None else ".")
        for number, step in enumerate(rows.steps(data, look.content))
    )


def _heatmap(data: ChartData, look: Look) -> str:
    style = shown.style(data.table.schema.field(data.chart.metrics[0]), look.content.currency)
    every = [(row, column, value) for row, column, value in heatmap.cells(data) if value is not None]
    downs = _ends([row for row, _, _ in every])
    acrosses = _ends([column for _, column, _ in every])
    low, high = (pick(every, key=lambda cell: cell[2]) for pick in (min, max))
    extremes = (f"{word} {style.text(cell[2])} ({heatmap.label(cell[0])}, column {heatmap.label(cell[1])})"
                for word, cell in (("smallest", low), ("largest", high)))  # fmt: skip
    return f"Rows {downs}, columns {acrosses}: {', '.join(extremes)}."


def _map(data: ChartData, look: Look) -> str:
    style = shown.style(data.table.schema.field(data.chart.metrics[0]), look.content.currency)
    return " ".join([f"{len(world.places(data)[0])} countries on a map.", *world.lines(data, style)])


def _ends(values: Sequence[Any]) -> str:
    ordered: list[date | Any] = sorted(set(values))
    return f"{heatmap.label(ordered[0])} to {heatmap.label(ordered[-1])}"

"""Countries on a map of the world, in a stronger colour the more they have; what has no shape is named below.

countries.json has the shapes: rings by ISO 3166-1 code, as x and y in turn, in thousandths of the map's width. They are
those of Natural Earth (public domain) at 1:110 million, taken from the package world-atlas 2.0.2 (ISC licence), in the
Natural Earth projection. "" are areas without a code.
"""

from __future__ import annotations

import json
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from semantic.reports import shown
from semantic.reports.content import ChartData
from semantic.reports.pictures import marks
from semantic.reports.pictures.look import Look

UNITS, HEIGHT = 1000, 431
"""The size of the map in its own units."""
LIGHTEST = 0.22
"""The opacity of a country with hardly anything; the largest has 1."""
WITHOUT = 0.16  # the opacity of a country without a value
MOST_NAMED = 5
Ring = list[list[int]]
Place = tuple[str | None, str, Decimal]
"""Code, name and value of a country."""


@cache
def shapes() -> dict[str, list[list[int]]]:
    """The rings of each country."""
    return dict(json.loads(Path(__file__).with_name("countries.json").read_text(encoding="utf-8")))


def places(data: ChartData) -> tuple[list[Place], list[Place]]:
    """What is on the map and what is not, the largest first; without what is zero or unknown."""
    code, name = data.chart.by
    metric = data.chart.metrics[0]
    every = [
        (row[code], str(row[name]), shown.exact(row[metric])) for row in data.table.to_pylist() if row[metric]
    ]  # fmt: skip
    every.sort(key=lambda place: (-place[2], place[1]))
    return [place for place in every if place[0] in shapes()], [place for place in every if place[0] not in shapes()]


def spec(data: ChartData, look: Look) -> tuple[float, list[marks.Layer]]:
    """The bottom of the drawing and its layers."""
    style = shown.style(data.table.schema.field(data.chart.metrics[0]), look.content.currency)
    drawn, _ = places(data)
    scale = (look.right - look.left) / UNITS
    values = {code: (name, value) for code, name, value in drawn}
    most = max((value for _, _, value in drawn), default=Decimal(1))
    features: list[tuple[float, dict[str, Any]]] = []
    for code, rings in shapes().items():
        name, value = values.get(code, ("", None))
        share = 0.0 if value is None or most <= 0 else float(max(Decimal(0), value / most))
        about = {"color": look.theme.muted, "opacity": WITHOUT} if value is None else {
            "name": name, "value": float(value), "color": look.theme.accent,
            "opacity": round(LIGHTEST + (1 - LIGHTEST) * share**0.5, 3),
        }  # fmt: skip
        for number, ring in enumerate(_placed(ring, scale, look.left, look.top) for ring in rings):
            about = about if number == 0 else {key: part for key, part in about.items() if key != "value"}
            features.append((_area(ring), {**about, "type": "Feature", "geometry": _polygon(ring)}))
    features.sort(key=lambda feature: -feature[0])  # what lies inside another country is drawn after it
    bottom = look.top + HEIGHT * scale
    words = [look.item(line, look.left, bottom + look.font * (1.2 + 1.6 * number), look.theme.muted)
             for number, line in enumerate(lines(data, style))]  # fmt: skip
    return bottom + look.font * 1.6 * (len(words) or 0.4), [
        marks.areas([feature for _, feature in features], look.theme.background if look.titled else look.theme.panel),
        marks.texts(words, look.font, limit=look.right - look.left),
    ]


def lines(data: ChartData, style: shown.Style) -> list[str]:
    """What the colours mean, and what has no place on the map."""
    drawn, others = places(data)
    sentences = []
    if drawn:
        first, last = drawn[0], drawn[-1]
        ends = f", {last[1]} the least, {style.text(last[2])}" if len(drawn) > 1 else ""
        sentences.append(f"The stronger, the more: {first[1]} has the most, {style.text(first[2])}{ends}.")
    if others:
        named = ", ".join(f"{name} {style.text(value)}" for _, name, value in others[:MOST_NAMED])
        more = f" and {len(others) - MOST_NAMED} more" if len(others) > MOST_NAMED else ""
        sentences.append(f"Not on the map: {named}{more}.")
    return sentences


def _placed(ring: list[int], scale: float, left: float, top: float) -> Ring:
    """A ring in whole pixels, each once in turn: a small map needs fewer than a large one."""
    every = [[round(left + x * scale), round(top + y * scale)] for x, y in zip(ring[::2], ring[1::2], strict=True)]
    return [point for number, point in enumerate(every) if number == 0 or point != every[number - 1]]


def _polygon(ring: Ring) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [ring]}


def _area(ring: Ring) -> float:
    """Twice the area of a ring."""
    pairs = zip(ring, [*ring[1:], ring[0]], strict=True)
    return abs(sum(x * other_y - other_x * y for (x, y), (other_x, other_y) in pairs))

"""Marks at places in pixels, as layers of a Vega-Lite specification; and the widths of texts in Liberation Sans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

Layer = dict[str, Any]
Item = Mapping[str, Any]
Align = Literal["left", "center", "right"]
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
Dash = tuple[float, float]
SOLID: Dash = (1, 0)
DASHED: Dash = (5, 4)
DOTTED: Dash = (1.5, 5)
NARROW, WIDE, USUAL = 0.28, 0.84, 0.556  # of the font's size; capitals and the rest are between
WIDTHS = {
    **dict.fromkeys("iIjl.,:;'|!", NARROW), **dict.fromkeys("ft ()[]-/\\\N{NO-BREAK SPACE}", 0.31),
    **dict.fromkeys("mMW@%—…", WIDE), **dict.fromkeys("ABCDEFGHKNOPQRSUVXYZw&−+×▲▼", 0.69), "r": 0.34,
}  # fmt: skip


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """The width of a text in pixels, about; letters that Liberation Sans does not have count as wide ones."""
    width = sum(WIDTHS.get(letter, USUAL if letter < "\u0500" else 1.0) for letter in text)
    return width * size * (1.08 if bold else 1)


def texts(items: Iterable[Item], size: float, *, align: Align = "left", bold: bool = False, limit: float = 0) -> Layer:
    """Texts at x, y (their middle) in a color. `limit`: pixels after which a text ends with an ellipsis.

    Vega cuts a text between the two halves of an emoji, and then fails: such a text is cut here.
    """
    mark: dict[str, Any] = {"type": "text", "align": align, "baseline": "middle", "fontSize": size, "font": FONT}
    if bold:
        mark["fontWeight"] = "bold"
    if limit:
        items = [_cut(item, limit, size, bold) for item in items]
        mark |= {"limit": {"expr": "datum.limit"}, "ellipsis": "…"}
    encoding = {**_pixels("x", "y"), "text": {"field": "text", "type": "nominal"}, **_colour("color")}
    return _layer(items, mark, encoding)


def _cut(item: Item, limit: float, size: float, bold: bool) -> dict[str, Any]:
    """An item whose text Vega need not cut where it has letters of two halves; others keep the limit."""
    text = item["text"]
    if max(text, default="") < "\U00010000":
        return {**item, "limit": limit}
    if text_width(text, size, bold=bold) > limit:
        while text and text_width(f"{text}…", size, bold=bold) > limit:
            text = text[:-1]
        text = f"{text.rstrip()}…"
    return {**item, "text": text, "limit": 0}


def rects(items: Iterable[Item], *, radius: float = 0) -> Layer:
    """Rectangles from x, y to x2, y2 in a color with an opacity."""
    mark = {"type": "rect", "cornerRadius": radius}
    encoding = {
        **_pixels("x", "y"), "x2": {"field": "x2"}, "y2": {"field": "y2"}, **_colour("fill"),
        "fillOpacity": {"field": "opacity", "type": "quantitative", "scale": None, "legend": None},
    }  # fmt: skip
    return _layer([{"opacity": 1, **item} for item in items], mark, encoding)


def rules(items: Iterable[Item], *, width: float = 1, dash: Sequence[float] = SOLID) -> Layer:
    """Straight lines from x, y to x2, y2 in a color."""
    mark = {"type": "rule", "strokeWidth": width, "strokeDash": list(dash)}
    return _layer(items, mark, {**_pixels("x", "y"), "x2": {"field": "x2"}, "y2": {"field": "y2"}, **_colour("stroke")})


def dots(items: Iterable[Item], shape: str, size: float) -> Layer:
    """Dots at x, y in a color."""
    mark = {"type": "point", "shape": shape, "filled": True, "opacity": 1, "size": size}
    return _layer(items, mark, {**_pixels("x", "y"), **_colour("color")})


def areas(features: Iterable[Item], border: str) -> Layer:
    """Polygons of GeoJSON in pixels, in a color with an opacity, with a border around each."""
    mark = {"type": "geoshape", "clip": False, "stroke": border, "strokeWidth": 0.5}
    encoding = {
        **_colour("fill"),
        "fillOpacity": {"field": "opacity", "type": "quantitative", "scale": None, "legend": None},
    }
    return {**_layer(features, mark, encoding), "projection": {"type": "identity", "scale": 1, "translate": [0, 0]}}


def _layer(items: Iterable[Item], mark: Mapping[str, Any], encoding: Mapping[str, Any]) -> Layer:
    return {"data": {"values": [dict(item) for item in items]}, "mark": dict(mark), "encoding": dict(encoding)}


def _pixels(*channels: str) -> dict[str, Any]:
    return {name: {"field": name, "type": "quantitative", "scale": None, "axis": None} for name in channels}


def _colour(channel: str) -> dict[str, Any]:
    return {channel: {"field": "color", "type": "nominal", "scale": None, "legend": None}}

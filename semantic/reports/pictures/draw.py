"""Draws a chart of a report: as a Vega-Lite specification, SVG, PNG or PDF."""

from __future__ import annotations

import re
from html import escape
from typing import Any

from semantic.reports import colours, shown
from semantic.reports.brand import Brand
from semantic.reports.colours import Mode
from semantic.reports.content import ChartData, Content
from semantic.reports.pictures import cards, heatmap, line, pairs, rows, words, world
from semantic.reports.pictures.look import CARD, DOCUMENT, MAIL, NARROW, PICTURE, WIDE, Look

VEGA_LITE = "6.1"
DRAWERS = {
    "line": line.spec, "bars": pairs.spec, "funnel": rows.funnel, "heatmap": heatmap.spec, "table": cards.table,
    "figure": cards.figure, "map": world.spec,
}  # fmt: skip
OPENING = re.compile(r"<svg[^>]*>")
GROUP = re.compile(r"<(?:g|path)\b[^>]*>")
ROLES = re.compile(r' (?:role|class|aria-\w+)="[^"]*"')
"""What Vega says of parts of a picture: a reader of the whole picture's text needs none of it."""


def spec(data: ChartData, look: Look) -> dict[str, Any]:
    """The specification of a chart: plain data, the numbers in it. Raises CompileError where it cannot be drawn."""
    drawer = cards.nothing if cards.sentence(data) else DRAWERS[data.chart.kind]
    bottom, layers = drawer(data, look)
    return look.spec(bottom, list(layers), words.describe(data, look), data)


def look(data: ChartData, content: Content, brand: Brand, mode: Mode = "light") -> Look:
    """The look of a picture of its own, with title, days, tenant and logo."""
    size = CARD if data.chart.kind == "figure" else PICTURE
    return Look(content, colours.theme(brand.accent, mode), size, has_logo=brand.logo is not None)


def svg(data: ChartData, content: Content, brand: Brand, *, mode: Mode = "light", identifier: str = "picture") -> str:
    """A picture of its own as SVG. `identifier` begins the ids of its texts."""
    own = look(data, content, brand, mode)
    picture = _named(_svg(data, own), data, own, identifier)
    return picture.removesuffix("</svg>") + _logo(brand, own) + "</svg>"


def png(data: ChartData, content: Content, brand: Brand, *, mode: Mode = "light", scale: float = 2) -> bytes:
    """A picture of its own as PNG, 960 × `scale` pixels wide; one number 600 × `scale`."""
    import vl_convert  # noqa: PLC0415  (its engine starts in a second; a query does not need it)

    return bytes(vl_convert.svg_to_png(svg(data, content, brand, mode=mode), scale=scale))


def inline(data: ChartData, content: Content, identifier: str) -> str:
    """The pictures of a chart inside a page, for desktop and phone: the style sheet shows one of them.

    `identifier` begins the ids of both, so that each is unique in the page.
    """
    theme = colours.inside_a_page()
    looks = {"wide": Look(content, theme, WIDE, titled=False), "narrow": Look(content, theme, NARROW, titled=False)}
    return "".join(_named(_svg(data, each), data, each, f"{identifier}-{name}", name) for name, each in looks.items())


def document(data: ChartData, content: Content, brand: Brand) -> tuple[bytes, str]:
    """The picture of a chart inside a document, as a PDF of one page that holds its fonts, and its text."""
    import vl_convert  # noqa: PLC0415

    each = Look(content, colours.theme(brand.accent, "light"), DOCUMENT, titled=False)
    return bytes(vl_convert.svg_to_pdf(_svg(data, each))), f"{data.chart.title}. {words.describe(data, each)}"


def mail(data: ChartData, content: Content, brand: Brand) -> tuple[bytes, str]:
    """The picture of a chart inside a mail, on white, as a PNG of twice its width, and its text."""
    import vl_convert  # noqa: PLC0415

    each = Look(content, colours.theme(brand.accent, "light"), MAIL, titled=False)
    return bytes(vl_convert.svg_to_png(_svg(data, each), scale=2)), f"{data.chart.title}. {words.describe(data, each)}"


def logo(brand: Brand, height: int) -> bytes | None:
    """The logo as a PNG of a height in pixels, since mail programs show no SVG; None without one."""
    if brand.logo is None or brand.logo_type == "image/png":
        return brand.logo
    import vl_convert  # noqa: PLC0415

    picture = brand.logo.decode("utf-8-sig")
    drawn = bytes(vl_convert.svg_to_png(picture))
    return bytes(vl_convert.svg_to_png(picture, scale=height / int.from_bytes(drawn[20:24])))


def _svg(data: ChartData, each: Look) -> str:
    import vl_convert  # noqa: PLC0415

    picture = str(vl_convert.vegalite_to_svg(spec(data, each), vl_version=VEGA_LITE))
    return GROUP.sub(lambda tag: ROLES.sub("", tag[0]), picture)


def _logo(brand: Brand, own: Look) -> str:
    """The logo at the upper right, on white in the dark mode: logos are made for paper."""
    if brand.logo is None:
        return ""
    size = own.size
    width, height = size.font * 8, size.font * 2.6
    x, y = own.right - width, size.margin - size.font * 0.2
    plate = f'<rect x="{x - 4}" y="{y - 4}" width="{width + 8}" height="{height + 8}" rx="4" fill="#ffffff"/>'
    place = f'x="{x}" y="{y}" width="{width}" height="{height}" preserveAspectRatio="xMaxYMid meet"'
    return plate + f'<image {place} href="{brand.address}"/>'


def _named(svg: str, data: ChartData, each: Look, identifier: str, css_class: str = "") -> str:
    """The picture with a role, a name and a description for people who do not see it."""
    start = OPENING.search(svg)
    if start is None:
        raise ValueError("the drawing is not an SVG")
    size = re.findall(r'(?:width|height|viewBox)="[^"]*"', start[0])
    named = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {" ".join(size)} class="{css_class or "chart"}" role="img" '
        f'aria-labelledby="{identifier}-title {identifier}-desc">'
        f'<title id="{identifier}-title">{escape(shown.one_line(data.chart.title))}</title>'
        f'<desc id="{identifier}-desc">{escape(shown.one_line(words.describe(data, each)))}</desc>'
    )
    return named + svg[start.end() :]

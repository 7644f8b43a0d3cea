"""All pictures of a report in one file, below each other, as PNG or SVG."""

from __future__ import annotations

import re
from html import escape

from semantic.reports import shown
from semantic.reports.brand import Brand
from semantic.reports.colours import Mode, theme
from semantic.reports.content import Content
from semantic.reports.pictures import draw

HEIGHT = re.compile(r'<svg[^>]*? width="([\d.]+)" height="([\d.]+)"')


def svg(content: Content, brand: Brand, *, mode: Mode = "light") -> str:
    """The pictures of all charts of a report; of a report without charts, its title."""
    parts, top, width = [], 0.0, 0.0
    for number, data in enumerate(content.charts):
        picture = draw.svg(data, content, brand, mode=mode, identifier=f"chart-{number}")
        size = HEIGHT.search(picture)
        if size is None:
            raise ValueError("the picture has no size")
        parts.append(picture.replace("<svg ", f'<svg y="{top:g}" ', 1))
        width, top = max(width, float(size[1])), top + float(size[2])
    title = escape(shown.one_line(content.title))
    height = top or 60
    back = theme(brand.accent, mode).background
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width or 600:g}" height="{height:g}" '
        f'viewBox="0 0 {width or 600:g} {height:g}" role="group" aria-label="{title}">'
        f'<rect width="100%" height="100%" fill="{back}"/>{"".join(parts)}</svg>'
    )


def png(content: Content, brand: Brand, *, mode: Mode = "light", scale: float = 2) -> bytes:
    """The same as PNG."""
    import vl_convert  # noqa: PLC0415  (its engine starts in a second)

    return bytes(vl_convert.svg_to_png(svg(content, brand, mode=mode), scale=scale))

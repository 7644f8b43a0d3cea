"""A report as one HTML page: no script, no other file, no request to another server.

    html = render(content, brand, links={"Download CSV": "…"}, page=Page(2, 50, next="?page=3", previous="?page=1"))

The page follows the reader's light or dark mode, fits a phone, and prints. Its only style sheet is one <style>
element: `policy(brand)` is the Content-Security-Policy that allows it by its hash, and nothing else but the logo.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from semantic.reports import colours, shown, texts
from semantic.reports.brand import Brand
from semantic.reports.content import Content
from semantic.reports.pictures import cards, draw

if TYPE_CHECKING:
    from jinja2 import Environment

TEMPLATES = Path(__file__).parent / "templates"
MOST_ROWS = 500
"""Rows of a page that is not given a Page: the files have all of them."""
NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Page:
    """Which rows of a long table are shown: page `number` (from 1; the last one where it is larger) of `size` rows, and
    the addresses of its neighbours."""

    number: int = 1
    size: int = 50
    previous: str | None = None
    next: str | None = None


def render(
    content: Content,
    brand: Brand,
    *,
    links: Mapping[str, str] = NOTHING,
    navigation: Mapping[str, str] = NOTHING,
    page: Page | None = None,
    notice: str | None = None,
) -> str:
    """A report as an HTML page.

    `links` (downloads) and `navigation` (other pages): addresses by their text. Without `page`, the table has its first
    500 rows. `notice`: a sentence above the figures. Every text is escaped; the addresses must be the caller's own.
    """
    part = page or Page(1, MOST_ROWS)
    last = max(1, -(-content.table.num_rows // part.size))
    first = (min(part.number, last) - 1) * part.size
    table = texts.table(content, first, part.size)
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            **frame(brand, navigation),
            content=content,
            period=texts.period(content),
            comparison=texts.comparison(content),
            as_of=texts.as_of(content),
            reconciliation=texts.reconciliation(content),
            rolling=texts.rolling(content),
            links=links,
            messages=[text for text in (content.blocked, notice) if text],
            caveats=texts.caveats(content),
            figures=texts.figures(content),
            charts=_charts(content),
            table=table,
            table_title="All numbers",
            rows_shown=_rows_shown(content.table.num_rows, first, len(table.rows), page is not None),
            page=page,
            foot=texts.foot(content),
            meanings=texts.meanings(content),
            unknown=shown.UNKNOWN,
        )
    )


def frame(brand: Brand, navigation: Mapping[str, str] = NOTHING) -> dict[str, object]:
    """What `layout.html.j2` needs: pass it to any template that extends it."""
    from markupsafe import Markup  # noqa: PLC0415  (comes with jinja2, which `takings query` does not need)

    return {
        "brand": brand,
        "logo": brand.address,
        "style": Markup(style(brand.accent)),  # noqa: S704  (our own style sheet)
        "policy": policy(brand, header=False),
        "navigation": navigation,
    }


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates, with everything escaped. A web application may chain its own loader to `environment().loader`."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415  (0.1 s that a query does not need)

    return Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True)


@lru_cache(maxsize=64)
def style(accent: str) -> str:
    """The style sheet with a tenant's accent colour in both modes."""
    modes = {mode: colours.variables(colours.theme(accent, mode)) for mode in colours.MODES}
    light, dark = ("".join(f"{name}: {value}; " for name, value in modes[mode].items()) for mode in ("light", "dark"))
    sheet = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    return f":root {{ {light}}}\n@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark}}} }}\n{sheet}"


def policy(brand: Brand, *, header: bool = True) -> str:
    """The page's Content-Security-Policy: its style by hash, the logo inside it, forms to its own server."""
    digest = base64.b64encode(hashlib.sha256(style(brand.accent).encode()).digest()).decode()
    rules = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; form-action 'self'; base-uri 'none'"
    return rules + "; frame-ancestors 'none'" * header


def drawn_charts(content: Content) -> list[int]:
    """The numbers of the charts that say more than the figures and the table, which pages and documents have."""
    known = {figure.metric.name for figure in content.figures}
    return [
        number
        for number, data in enumerate(content.charts)
        if data.chart.kind != "table" and not (data.chart.kind == "figure" and data.chart.metrics[0] in known)
    ]


def _charts(content: Content) -> list[dict[str, object]]:
    from markupsafe import Markup  # noqa: PLC0415

    parts: list[dict[str, object]] = []
    for number in drawn_charts(content):
        data = content.charts[number]
        words = cards.sentence(data)
        pictures = "" if words else Markup(draw.inline(data, content, f"picture-{number}"))  # noqa: S704  (escaped there)
        parts.append({"title": data.chart.title, "sentence": words, "pictures": pictures})
    return parts


def _rows_shown(total: int, first: int, count: int, paged: bool) -> str:
    if count == total:
        return ""
    if paged:
        return f"Rows {first + 1:,} to {first + count:,} of {total:,}"
    return f"The first {count:,} of {total:,} rows: the CSV file has all of them"

"""A report as a PDF of A4 pages, set by Typst: the same words as the page, and pictures with their own fonts.

    Content + Brand ──▶ data (texts as strings) ──▶ templates/report.typ ──▶ PDF

No text is markup: the template shows strings of `data` as they are. The same report gives the same bytes on a machine
with the same fonts; fonts of the machine are used for letters that Typst's own fonts do not have.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from semantic.reports import colours, shown, texts
from semantic.reports.brand import Brand
from semantic.reports.content import Content
from semantic.reports.page import TEMPLATES, drawn_charts
from semantic.reports.pictures import cards, draw
from semantic.reports.texts import TableText

if TYPE_CHECKING:
    from typst import Fonts

LOGO_FORMATS = {"image/svg+xml": "svg", "image/png": "png"}
MOST_ROWS = 300
"""Rows of the table: more are for a spreadsheet."""
FONT, SMALLEST = 9.0, 6.0  # of the table, in points
UPRIGHT, FLIPPED = 104, 158  # letters of a row on a page at FONT
MOST_LETTERS, BETWEEN = 34, 2  # of a column that count, and between two columns
LONG_WORD = re.compile(r"\S{25,}")


def render(content: Content, brand: Brand) -> bytes:
    """A report as PDF."""
    import typst  # noqa: PLC0415  (heavy; a query does not need it)

    inputs = {"data": json.dumps(data(content, brand), ensure_ascii=False)}
    template = TEMPLATES / "report.typ"
    return bytes(typst.compile(template, root=TEMPLATES, font_paths=_fonts(), sys_inputs=inputs, format="pdf"))


def data(content: Content, brand: Brand) -> dict[str, Any]:
    """What the template shows: strings, colours, and pictures as lists of bytes."""
    table = texts.table(content, 0, MOST_ROWS)
    words: dict[str, Any] = {
        "title": content.title,
        "question": content.question,
        "brand": brand.name,
        "period": texts.period(content),
        "comparison": texts.comparison(content),
        "as_of": texts.as_of(content),
        "reconciliation": texts.reconciliation(content),
        "rolling": texts.rolling(content),
        "messages": [content.blocked] if content.blocked else [],
        "figures": [
            {**asdict(figure), "is_unknown": figure.value == shown.UNKNOWN} for figure in texts.figures(content)
        ],
        "table": _table(table, content.table.num_rows),
        "meanings": texts.meanings(content),
        "caveats": texts.caveats(content),
        "foot": texts.foot(content),
    }
    pictures: dict[str, Any] = {
        "logo": brand.logo and {"bytes": list(brand.logo), "format": LOGO_FORMATS[brand.logo_type]},
        "colours": asdict(colours.theme(brand.accent, "light")),
        "charts": [_chart(number, content, brand) for number in drawn_charts(content)],
    }
    return {**breakable(words), **pictures}


def _chart(number: int, content: Content, brand: Brand) -> dict[str, Any]:
    chart = content.charts[number]
    sentence = cards.sentence(chart)
    picture, alt = (b"", "") if sentence else draw.document(chart, content, brand)
    return {"title": chart.chart.title, "sentence": sentence, "picture": list(picture), "alt": alt}


def _table(table: TableText, total: int) -> dict[str, Any]:
    """The rows, and how they fit: the font's size, each column's share of the width, upright or flipped pages."""
    columns = list(zip(*[_words(table.headings), *table.rows], strict=True))
    weights = [min(MOST_LETTERS, max(len(text) for text in column)) + BETWEEN for column in columns]
    letters = sum(weights)
    is_wide = letters > UPRIGHT * 1.2
    size = FONT * min(1.0, (FLIPPED if is_wide else UPRIGHT) / max(1, letters))
    note = f"The first {len(table.rows):,} of {total:,} rows: the CSV file has all of them."
    return {
        "headings": table.headings,
        "numeric": table.numeric,
        "rows": table.rows,
        "weights": weights,
        "size": round(max(SMALLEST, size), 2),
        "is_wide": is_wide,
        "note": note if len(table.rows) < total else "",
    }


def _words(headings: tuple[str, ...]) -> list[str]:
    """The longest word of each heading: a heading may have several lines."""
    return [max(heading.split(), key=len, default="") for heading in headings]


def breakable(value: Any) -> Any:
    """Texts, also those in lists and dicts, whose long words may be broken after every twenty letters."""
    match value:
        case str():
            return LONG_WORD.sub(lambda word: re.sub(r"(.{20})(?=.)", "\\1\u200b", word[0]), value)
        case list() | tuple():
            return [breakable(item) for item in value]
        case dict():
            return {key: breakable(item) for key, item in value.items()}
    return value


@lru_cache(maxsize=1)
def _fonts() -> Fonts:
    import typst  # noqa: PLC0415

    return typst.Fonts(include_system_fonts=True)

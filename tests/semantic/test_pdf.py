"""The document of a report: its texts are those of the report, none is interpreted, its pages are as many as expected.

Typst itself says what is in a document: `typst.query` gives its headings and tables with their texts.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typst

from semantic.reports import pdf, texts
from semantic.reports.brand import Brand
from semantic.reports.content import Content
from semantic.reports.page import TEMPLATES
from tests.semantic import contents

BRAND = Brand("Aurora Outdoor")
TEMPLATE = TEMPLATES / "report.typ"
LOGO = b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20"/></svg>'


def inputs(content: Content, brand: Brand = BRAND) -> dict[str, str]:
    return {"data": json.dumps(pdf.data(content, brand))}


def query(content: Content, selector: str, brand: Brand = BRAND) -> list[dict[str, Any]]:
    """The elements of this kind in the document."""
    elements: list[dict[str, Any]] = json.loads(
        typst.query(TEMPLATE, selector, root=TEMPLATES, sys_inputs=inputs(content, brand))
    )
    return elements


def pages(content: Content) -> int:
    """The number of pages."""
    drawn = typst.compile(TEMPLATE, root=TEMPLATES, sys_inputs=inputs(content), format="png", ppi=8)
    return len(drawn) if isinstance(drawn, list) else 1


def words(element: Any) -> Iterator[str]:
    """The texts of an element in their order; an element of markup (strong, link, raw) is an error."""
    if isinstance(element, list):
        for item in element:
            yield from words(item)
    elif isinstance(element, dict):
        assert element.get("func", "cell") in {"text", "styled", "cell", "header", "table", "sequence", "space"}, (
            element
        )
        if element.get("func") == "text":
            yield element["text"].replace("\u200b", "")
        for key in ("child", "body", "children"):
            yield from words(element.get(key))


def test_document_is_a_pdf_whose_bytes_depend_on_the_report_alone() -> None:
    first = pdf.render(contents.content(), BRAND)
    assert first.startswith(b"%PDF-")
    assert first == pdf.render(contents.content(), BRAND)
    assert first != pdf.render(contents.content(title="Another"), BRAND)
    assert first != pdf.render(contents.content(), Brand("Aurora Outdoor", logo=LOGO))


def test_table_has_every_row_to_the_cent() -> None:
    report = contents.content()
    (table,) = query(report, "table")
    cells = list(words(table))
    assert cells[:3] == ["Date", "Net sales", "Orders"]
    rows = [cells[start : start + 3] for start in range(3, len(cells), 3)]
    assert rows == [
        [str(row["date"]), f"${row['net_sales']:,}", str(row["orders_placed"])] for row in report.table.to_pylist()
    ]


def test_no_name_is_markup() -> None:
    names = contents.HOSTILE
    report = contents.content(
        table=contents.table({"name": list(names), "net_sales": [1] * len(names)}, contents.NET_SALES),
        title=names[0], question=names[1], caveats=names, definitions=dict.fromkeys(names, names[2]), blocked=names[3],
    )  # fmt: skip
    (table,) = query(report, "table")
    shown = list(words(table))[2::2]
    assert shown == [re.sub(r"[\x00-\x1f]", " ", name) for name in names]
    title = query(report, "heading.where(level: 1)")[0]
    assert list(words(title["body"])) == [names[0]]
    for element in ("strong", "emph", "raw", "link", "ref", "equation"):
        kind = "math.equation" if element == "equation" else element
        assert query(report, kind, Brand(names[1])) == []
    assert pdf.render(report, Brand(names[1], logo=LOGO)).startswith(b"%PDF-")


def test_long_table_goes_on_over_pages_and_is_cut_with_a_sentence() -> None:
    assert pages(contents.content(count=20)) < pages(contents.content(count=200))
    whole, cut = pdf.data(contents.content(count=300), BRAND), pdf.data(contents.content(count=301), BRAND)
    assert (len(whole["table"]["rows"]), whole["table"]["note"]) == (300, "")
    assert len(cut["table"]["rows"]) == pdf.MOST_ROWS
    assert cut["table"]["note"] == "The first 300 of 301 rows: the CSV file has all of them."


def test_many_columns_are_on_a_flipped_page_in_a_size_that_can_be_read() -> None:
    metrics = [contents.metric(f"amount_{number}") for number in range(13)]
    columns: dict[str, Any] = {"date": contents.days(5)}
    wide = contents.table(columns | {item.name: [123456.78] * 5 for item in metrics}, *metrics)
    data = pdf.data(contents.content(table=wide), BRAND)["table"]
    assert data["is_wide"]
    assert data["size"] >= 7
    assert not pdf.data(contents.content(), BRAND)["table"]["is_wide"]


def test_document_says_what_the_page_says() -> None:
    report = contents.content()
    data = pdf.data(report, BRAND)
    assert data["period"] == "1 – 30 Nov 2026 (30 days)"
    assert [(figure["label"], figure["value"], figure["change"]) for figure in data["figures"]] == [
        ("Net sales", "$48,213.55", "▲ 12.4 % from $42,901"), ("Orders", "1,204", "▼ 8.1 % from 1,310"),
        ("Refund rate", "7.3 %", "▲ 43.3 % from 5.1 %"), ("ROAS", "unknown", "the earlier value is unknown"),
    ]  # fmt: skip
    assert data["as_of"] == texts.as_of(report)
    assert data["charts"][0]["alt"].startswith("Net sales by day. By day, 1 – 30 Nov 2026. Net sales: first $700.00")


def test_chart_without_numbers_is_a_sentence() -> None:
    data = pdf.data(contents.content(contents.line((contents.NET_SALES, [None] * 30))), BRAND)
    assert data["charts"] == [
        {"title": "Net sales by day", "sentence": "The numbers of these days are unknown.", "picture": [], "alt": ""}
    ]


def test_long_words_may_be_broken_and_lose_no_letter() -> None:
    assert pdf.breakable("short words stay as they are") == "short words stay as they are"
    long = pdf.breakable("a" * 50)
    assert long.replace("\u200b", "") == "a" * 50
    assert max(len(part) for part in long.split("\u200b")) == 20


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed")
def test_text_of_the_pdf_can_be_copied(tmp_path: Path) -> None:
    path = tmp_path / "report.pdf"
    path.write_bytes(pdf.render(contents.content(), BRAND))
    text = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=True).stdout
    for part in ("Revenue overview", "$48,213.55", "2026-11-30", "Page 1 of 2", "Net sales", "$1,500"):
        assert part in text

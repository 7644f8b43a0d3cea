"""The page of a report: what it says, that it interprets no name, and that it needs nothing but itself."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

from semantic.reports import page
from semantic.reports.brand import Brand
from semantic.reports.page import Page, render
from tests.semantic import contents

BRAND = Brand("Aurora Outdoor")


class Words(HTMLParser):
    """The texts of a page, its elements, and the addresses that it names."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def test_page_says_what_it_shows_for_which_days_and_how_fresh() -> None:
    text = Words(render(contents.content(), BRAND)).text
    for words in (
        "Revenue overview", "How much did the shop earn, day by day?", "1 – 30 Nov 2026 (30 days)",
        "Compared with 2 – 31 Oct 2026.", "Data as of 5 Dec 2026, 09:05 (America/New_York)",
        "The numbers equal those of the source: Shopify aurora. Not compared: Meta Ads 1234.",
        "$48,213.55", "▲ 12.4 % from $42,901", "1,204", "▼ 8.1 % from 1,310", "7.3 %", "▲ watch", "unknown",
        "What Net sales means.", "Orders without a customer are guests.",
    ):  # fmt: skip
        assert words in text, words


def test_every_row_of_the_table_is_on_the_page_to_the_cent() -> None:
    report = contents.content()
    cells = re.findall(r"<td[^>]*>([^<]*)</td>", render(report, BRAND))
    rows = [cells[start : start + 3] for start in range(0, len(cells), 3)]
    assert rows == [
        [str(row["date"]), f"${row['net_sales']:,}", str(row["orders_placed"])] for row in report.table.to_pylist()
    ]


def test_a_page_of_a_long_table_has_its_rows_and_neighbours() -> None:
    html = render(contents.content(count=90), BRAND, page=Page(2, 40, previous="?page=1", next="?page=3"))
    assert "Rows 41 to 80 of 90" in html
    assert re.findall(r"<td[^>]*>(\d{4}-\d\d-\d\d)</td>", html) == [str(day) for day in contents.days(90)[40:80]]
    assert '<a class="button" rel="prev" href="?page=1">' in html
    assert '<a class="button" rel="next" href="?page=3">' in html


def test_a_page_behind_the_last_one_is_the_last_one() -> None:
    assert "Rows 81 to 90 of 90" in render(contents.content(count=90), BRAND, page=Page(99, 40))


def test_a_table_without_pages_is_cut_with_a_sentence_that_says_so() -> None:
    html = render(contents.content(count=600), BRAND)
    assert html.count("<tr>") == page.MOST_ROWS + 1
    assert "The first 500 of 600 rows: the CSV file has all of them" in html


def test_no_name_becomes_markup() -> None:
    names = contents.HOSTILE
    report = contents.content(
        table=contents.table({"name": list(names), "net_sales": [1] * len(names)}, contents.NET_SALES),
        title=names[4], question=names[5], caveats=names, definitions=dict.fromkeys(names, names[6]),
    )  # fmt: skip
    html = render(report, Brand(names[4]), notice=names[4], links={names[4]: "?a=1&b=2"}, navigation={names[6]: "/"})
    words = Words(html)
    assert not {"script", "b", "cite", "label"} & {tag for tag, _ in words.elements}
    for name in names:
        assert " ".join(re.sub(r"[\x00-\x1f]", " ", name).split()) in re.sub(r"[\x00-\x1f]", " ", words.text)


def test_page_needs_nothing_but_itself_and_its_policy_allows_its_style_only() -> None:
    brand = Brand("Aurora", logo=b"<svg xmlns='http://www.w3.org/2000/svg'/>")
    html = render(contents.content(), brand)
    words = Words(html)
    assert not {"script", "link", "iframe", "object", "form"} & {tag for tag, _ in words.elements}
    for tag, attributes in words.elements:
        assert "style" not in attributes, (tag, attributes)
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:")), (tag, attributes)
    (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    assert "url(" not in style
    assert "@import" not in style
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in page.policy(brand)


def test_why_the_numbers_are_old_is_above_them_and_said_once() -> None:
    why = "These are older numbers: newer data are not published."
    html = render(contents.content(blocked=why, caveats=(why, "Another.")), BRAND)
    assert html.count(why) == 1
    assert html.index(why) < html.index("<dl")
    assert "<li>Another.</li>" in html


def test_links_navigation_and_notice_are_shown_where_they_are_given() -> None:
    html = render(
        contents.content(),
        BRAND,
        links={"Download CSV": "/r/x.csv"},
        navigation={"Home": "/"},
        notice="Shared by link.",
    )
    assert '<a href="/r/x.csv">Download CSV</a>' in html
    assert '<a href="/">Home</a>' in html
    assert "Shared by link." in html
    assert "downloads" not in re.sub(r"<style>.*?</style>", "", render(contents.content(), BRAND), flags=re.DOTALL)

"""A report's page as a browser shows it: nothing is blocked, too wide, pale or without words."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from selenium import webdriver

from semantic.reports.brand import Brand
from semantic.reports.page import Page, render
from tests.sampling import sample
from tests.semantic import contents
from tests.semantic.contents import NET_SALES, REFUNDED, wave
from tests.superset_assets import browser

pytestmark = pytest.mark.browser
LOGO = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"><rect width="40" height="20" fill="#a40"/></svg>'
COLUMNS = [contents.metric(f"amount_{number}") for number in range(12)]
WIDE: dict[str, Any] = {
    "name": ["A product with a long name", "x" * 90],
    **{item.name: [123456.78, None] for item in COLUMNS},
}
REPORT = contents.content(
    contents.line((NET_SALES, wave(30)), (REFUNDED, wave(30, 90, 0))),
    contents.bars(contents.HOSTILE, [number * 1000 for number in range(len(contents.HOSTILE))]),
    contents.funnel(),
    contents.heatmap(),
    table=contents.table(WIDE, *COLUMNS),
    blocked="These are older numbers.",
    caveats=contents.HOSTILE,
    rolling="30d",
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the page as a file."""
    path: Path = tmp_path_factory.mktemp("page") / "report.html"
    html = render(
        REPORT, Brand("Aurora Outdoor", "#aa4400", LOGO), links={"CSV": "#csv", "PDF": "#pdf"},
        navigation={"All reports": "#all"}, page=Page(1, 50, previous="#1", next="#3"), notice="Shared by link.",
    )  # fmt: skip
    path.write_text(html, encoding="utf-8")
    return path.as_uri()


@pytest.fixture(
    scope="module", params=sample(["desktop", "phone", "desktop, dark", "phone, dark"], "desktop", "phone, dark")
)
def driver(request: pytest.FixtureRequest, address: str) -> Iterator[webdriver.Chrome]:
    with browser.chromium(dark="dark" in request.param, phone="phone" in request.param) as opened:
        opened.get(address)
        yield opened


def test_browser_blocks_nothing_and_loads_nothing_else(driver: webdriver.Chrome, address: str) -> None:
    assert [entry["message"] for entry in driver.get_log("browser")] == []  # type: ignore[no-untyped-call]
    requests = {url for url, _, _ in browser.answers(driver) if url.startswith(("http", "file"))}
    assert requests <= {address}


def test_page_is_no_wider_than_its_window(driver: webdriver.Chrome) -> None:
    """A phone shows a page that is too wide with a wider window."""
    widths = driver.execute_script("return [innerWidth, document.documentElement.scrollWidth]")
    assert widths in ([390, 390], [1440, 1440])


def test_each_chart_is_seen_once_in_the_picture_for_this_width(driver: webdriver.Chrome) -> None:
    seen: list[list[str]] = driver.execute_script(
        """
        return [...document.querySelectorAll('section.chart')].map(chart =>
          [...chart.querySelectorAll('svg')].filter(svg => svg.getBoundingClientRect().width > 0)
            .map(svg => svg.getAttribute('class')));
        """
    )
    expected = "narrow" if driver.execute_script("return innerWidth") == 390 else "wide"
    assert seen == [[expected]] * 4


def test_texts_of_charts_are_inside_their_cards_and_large_enough(driver: webdriver.Chrome) -> None:
    outside: list[Any] = driver.execute_script(
        """
        const texts = [...document.querySelectorAll('section.chart svg text')];
        return texts.filter(text => text.getBoundingClientRect().width).map(text => {
          const box = text.getBoundingClientRect(), card = text.closest('section').getBoundingClientRect();
          const scale = text.ownerSVGElement.getBoundingClientRect().width / text.ownerSVGElement.viewBox.baseVal.width;
          const size = parseFloat(text.getAttribute('font-size')) * scale;
          return [text.textContent, box.left >= card.left && box.right <= card.right, size];
        }).filter(([text, inside, size]) => !inside || size < 9.5);
        """
    )
    assert outside == []


def test_nobody_is_left_out(driver: webdriver.Chrome) -> None:
    """What axe-core finds on the page by the rules of WCAG 2 A and AA, contrast among them."""
    driver.execute_script(files(axe_playwright_python).joinpath("axe.min.js").read_text())
    driver.set_script_timeout(120)
    findings: list[str] = driver.execute_async_script(
        """
        const answer = arguments[arguments.length - 1];
        axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], resultTypes: ['violations']})
          .then(result => answer(result.violations.map(each => `${each.id}: ${each.nodes[0].html.slice(0, 200)}`)));
        """
    )
    assert findings == []


def test_dark_page_is_dark(address: str) -> None:
    background = "return getComputedStyle(document.body).backgroundColor"
    with browser.chromium() as opened:
        opened.get(address)
        assert opened.execute_script(background) == "rgb(255, 255, 255)"
        browser.prefer_dark(opened)
        assert opened.execute_script(background) == "rgb(21, 26, 33)"

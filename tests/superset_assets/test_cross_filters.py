"""From a bar to the orders behind it: which charts a click filters, in the files and in a real browser."""

from __future__ import annotations

import time
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import duckdb
import pytest
from pydantic import ValidationError
from selenium import webdriver
from selenium.webdriver import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from semantic.catalog import Catalog
from superset_assets import bundle, cross_filters, decisions, sync
from superset_assets.decisions import Dashboard
from superset_assets.errors import DecisionError
from tests.superset_assets import browser
from tests.superset_assets.conftest import Running
from tests.superset_assets.marts import CANARIES

FILES = decisions.read()
TAB = "What sells to whom"
STORE = FILES.dashboards["store_performance"]
OWN = {f"sales_by_{name}" for name in ("product", "campaign", "country", "channel", "source", "customer_kind")}
# the middle of the first bar of a picture, in pixels of the page: its bars are green
FIRST_BAR = """
const [picture] = arguments, {width, height} = picture;
const dots = picture.getContext('2d').getImageData(0, 0, width, height).data;
const isGreen = at => dots[at + 3] > 200 && dots[at + 1] > dots[at] + 60 && dots[at + 1] > dots[at + 2] + 15;
const begins = Array.from({length: height}, (_, y) => {
  for (let x = 0; x < width; x += 1) if (isGreen(4 * (y * width + x))) return x;
});
const first = begins.findIndex(x => x !== undefined);
const end = begins.findIndex((x, y) => y > first && x === undefined);
return [begins[first + 1] + 4, (first + end) / 2].map(place => place * picture.clientWidth / width);
"""


def test_click_filters_the_charts_of_the_same_mart_in_the_named_rows_alone(catalog: Catalog) -> None:
    reach = cross_filters.scopes(STORE, FILES.charts, catalog)
    everything = OWN | {"sales_total", "sales_units", "sales_orders"}
    assert {*reach} == OWN | {"sales_orders"}
    assert all({*others} == everything - {name} for name, others in reach.items())
    marketing = FILES.dashboards["marketing_performance"]
    assert cross_filters.scopes(marketing, FILES.charts, catalog) == {
        "spend_by_platform": ["campaigns"], "campaigns": ["spend_by_platform"],
    }  # fmt: skip


def test_numbers_and_scopes_of_the_bundle_are_read_as_the_same_reach(catalog: Catalog) -> None:
    boards = {path: item for path, item in bundle.expand(FILES, catalog).items() if path.startswith("dashboards/")}
    for path, board in boards.items():
        name = path.removeprefix("dashboards/").removesuffix(".yaml")
        expected = cross_filters.scopes(FILES.dashboards[name], FILES.charts, catalog)
        assert len(sync.normalise("dashboards", board)["metadata"].get("cross_filters", {})) == len(expected), name


def test_reach_that_somebody_widened_in_superset_is_drift(catalog: Catalog) -> None:
    board = bundle.expand(FILES, catalog)["dashboards/marketing_performance.yaml"]
    ours = sync.normalise("dashboards", board)
    for item in board["metadata"]["chart_configuration"].values():
        item["crossFilters"]["scope"] = {"rootPath": ["ROOT_ID"], "excluded": []}
    paths = [path for path, _, _ in sync.differences(ours, sync.normalise("dashboards", board))]
    assert len(paths) == 2 and all(path.startswith("metadata.cross_filters.") for path in paths)


@pytest.mark.parametrize(("rows", "reason"), [(["goods", "sales"], "several tabs"), (["godos"], "did you mean goods?")])
def test_cross_filter_over_tabs_or_over_a_lost_row_is_refused(rows: list[str], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason.replace("?", r"\?")):
        Dashboard.model_validate(STORE.plain() | {"cross_filter": rows})


def test_cross_filter_that_filters_nothing_is_refused(catalog: Catalog) -> None:
    board = Dashboard.model_validate(STORE.plain() | {"cross_filter": ["refunds"]})
    with pytest.raises(DecisionError, match="no chart of these rows filters another one"):
        cross_filters.scopes(board, FILES.charts, catalog)


def click_first_bar(driver: webdriver.Chrome, title: str) -> None:
    picture = driver.find_element(By.CSS_SELECTOR, f"[data-test-chart-name='{title}'] canvas")
    right, down = driver.execute_script(FIRST_BAR, picture)
    middle = picture.size["width"] / 2, picture.size["height"] / 2
    pointer = ActionChains(driver).move_to_element_with_offset(picture, int(right - middle[0]), int(down - middle[1]))
    pointer.click().perform()


def chosen(driver: webdriver.Chrome) -> list[str]:
    """What the page says was chosen, in words."""
    return [button.text for button in driver.find_elements(By.CSS_SELECTOR, ".takings-chosen button")]


def orders(driver: webdriver.Chrome) -> list[list[str]]:
    """Number, country and net sales of each row of the table Orders."""
    rows: list[list[str]] = driver.execute_script(
        """
        const rows = [...document.querySelectorAll('[data-test-chart-name="Orders"] tbody tr')];
        return rows.map(row => [0, 3, 8].map(place => row.cells[place].textContent));
        """
    )
    return rows


def published(superset: Running, tenant: str, condition: str = "true") -> list[Any]:
    """The same from the tenant's published file, and the sum of net sales: of the thirty days up to yesterday."""
    file, today = (superset.published / "current").resolve() / f"tenant-{tenant}.duckdb", date.today()
    days = f"date_day BETWEEN DATE '{today - timedelta(30)}' AND DATE '{today - timedelta(1)}' AND {condition}"
    with duckdb.connect(str(file), read_only=True) as db:
        rows = db.execute(
            f"SELECT order_name, country, sum(net_sales_minor)::BIGINT FROM marts.sales_detail WHERE {days} "
            "GROUP BY ALL ORDER BY max(processed_at) DESC"
        ).fetchall()
    return [[[name, country, in_words(net)] for name, country, net in rows], in_words(sum(net for *_, net in rows))]


def in_words(minor: int) -> str:
    return f"${(Decimal(minor) / 100).quantize(Decimal(1), ROUND_HALF_UP):,}"


@pytest.mark.superset
@pytest.mark.browser
@pytest.mark.skipif(not browser.CHROMIUM.exists() or not browser.DRIVER.exists(), reason="no chromium")
def test_bar_shows_its_orders_and_their_sum_until_it_is_clicked_again(superset: Running) -> None:
    everything, canada = published(superset, "aurora"), published(superset, "aurora", "country = 'Canada'")
    assert 30 < len(canada[0]) < len(everything[0]) < 200
    with browser.chromium() as driver:
        wait = WebDriverWait(driver, 30)

        def is_shown(expected: list[Any], words: list[str]) -> bool:
            total = browser.numbers(driver).get("Selected net sales")
            return [orders(driver), total, chosen(driver)] == [*expected, words]

        browser.log_in(driver, superset.server.url, superset.server.credentials.login("aurora"))
        driver.get(f"{superset.server.url}/superset/dashboard/store-performance/")
        in_view = len(browser.charts_in_view(STORE))
        browser.settle(driver, in_view)
        click_first_bar(driver, "Top products")  # filters nothing: no other chart shows its mart
        driver.find_element(
            By.XPATH, f"//*[contains(@class, 'ant-tabs-tab-btn') and normalize-space()='{TAB}']"
        ).click()
        wait.until(lambda _: is_shown(everything, []))
        unchanged = browser.numbers(driver)["Net sales"]

        click_first_bar(driver, "By country")
        wait.until(lambda _: is_shown(canada, ["Only Country: Canada"]))
        assert browser.numbers(driver)["Net sales"] == unchanged
        time.sleep(1)  # a second click within Superset's 300 ms would be a double click
        click_first_bar(driver, "By country")
        wait.until(lambda _: is_shown(everything, []))

        cell = "//*[@data-test-chart-name='Orders']//td[text()='{}']"
        driver.find_element(By.XPATH, cell.format("Germany")).click()
        germany = published(superset, "aurora", "country = 'Germany'")[1]
        wait.until(lambda d: browser.numbers(d)["Selected net sales"] == germany)
        assert chosen(driver) == ["Only Country: Germany"]
        driver.find_element(By.LINK_TEXT, "Show everything").click()
        wait.until(lambda _: is_shown(everything, []))
        named = [url for url, _, text in browser.answers(driver) if CANARIES["nordlicht"] in text.lower()]
        assert named == [] and CANARIES["nordlicht"] not in driver.page_source.lower()

"""The controls above the dashboards in a real browser: a tenant takes period and comparison from page to page."""

from datetime import date, timedelta

import duckdb
import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait

from superset_assets import decisions
from tests.superset_assets import browser
from tests.superset_assets.conftest import Running

pytestmark = pytest.mark.skipif(
    not (browser.CHROMIUM.exists() and browser.DRIVER.exists()), reason="no chromium: `make test` installs it"
)


def charts(name: str) -> int:
    return len(browser.charts_in_view(decisions.read().dashboards[name]))


def figures(driver: webdriver.Chrome) -> list[list[str]]:
    """The texts of each figure of Home."""
    rows: list[list[str]] = driver.execute_script(
        """
        const rows = document.querySelectorAll('[data-test-chart-name="Figures"] tbody tr');
        return [...rows].map(row => [...row.cells].map(cell => cell.textContent).filter(text => text));
        """
    )
    return rows


def published(superset: Running, tenant: str, period: str, comparison: str) -> list[list[str]]:
    """The same from the tenant's published file."""
    with duckdb.connect(
        str((superset.published / "current").resolve() / f"tenant-{tenant}.duckdb"), read_only=True
    ) as db:
        rows = db.execute(
            "SELECT label, value_text, good_text || bad_text || neutral_text FROM marts.kpis "
            "WHERE period = ? AND comparison = ? ORDER BY position",
            [period, comparison],
        ).fetchall()
    return [[part for text in row for part in text.replace(" (estimated)", "\nestimated").split("\n")] for row in rows]


def orders_placed(superset: Running, tenant: str, first: date, last: date) -> str:
    """The orders of some days from the tenant's published file, both ends included, as a card shows them."""
    file = (superset.published / "current").resolve() / f"tenant-{tenant}.duckdb"
    with duckdb.connect(str(file), read_only=True) as db:
        sql = "SELECT sum(orders_placed) FROM marts.metrics_daily WHERE date_day BETWEEN ? AND ?"
        ((count,),) = db.execute(sql, [first, last]).fetchall()
    return f"{count:,.0f}"


def in_words(first: date, last: date) -> str:
    begin = f"{first.day}" if (first.year, first.month) == (last.year, last.month) else f"{first.day} {first:%b}"
    return f"{begin}{f' {first.year}' if first.year != last.year else ''} – {last.day} {last:%b %Y}"


def compare_with(driver: webdriver.Chrome, words: str) -> None:
    Select(driver.find_element(By.CSS_SELECTOR, ".takings-bar select")).select_by_visible_text(words)


def choose_days(driver: webdriver.Chrome, first: date, last: date) -> None:
    """As the browser's own calendar does it."""
    driver.find_element(By.CSS_SELECTOR, ".takings-bar button").click()
    driver.execute_script(
        """
        const inputs = document.querySelectorAll('.takings-free input');
        [...arguments].forEach((day, end) => { inputs[end].value = day; });
        inputs[1].dispatchEvent(new Event('change', {bubbles: true}));
        """,
        str(first),
        str(last),
    )


def test_tenant_lands_on_home_and_takes_period_and_comparison_along(superset: Running) -> None:
    url, slug = superset.server.url, "store-performance"
    with browser.chromium() as driver:
        wait = WebDriverWait(driver, 30)
        browser.log_in(driver, url, superset.server.credentials.login("nordlicht"))
        browser.settle(driver, charts("home"))
        assert driver.current_url.startswith(f"{url}/superset/dashboard/home/")
        assert figures(driver) == published(superset, "nordlicht", "30d", "prior")
        assert browser.controls(driver) == {
            "marked": ["30d"], "days": None, "compared": "the period before", "sql": [], "filters": 0,
        }  # fmt: skip
        driver.execute_script("window.sameAsBefore = true")
        driver.find_element(By.LINK_TEXT, "7d").click()
        wait.until(lambda d: figures(d) == published(superset, "nordlicht", "7d", "prior"))
        compare_with(driver, "a year before")
        wait.until(lambda d: figures(d) == published(superset, "nordlicht", "7d", "year"))
        assert driver.execute_script("return window.sameAsBefore") and browser.controls(driver)["marked"] == ["7d"]

        driver.find_element(By.LINK_TEXT, "Store Performance").click()
        wait.until(lambda d: f"/{slug}/" in d.current_url)
        browser.settle(driver, charts("store_performance"))
        today = date.today()
        seven = today - timedelta(7), today - timedelta(1)
        assert browser.numbers(driver)["Orders placed"] == orders_placed(superset, "nordlicht", *seven)
        assert browser.controls(driver) == {
            "marked": ["7d"], "days": in_words(*seven), "compared": "a year before", "sql": [], "filters": 0,
        }  # fmt: skip

        driver.execute_script("window.sameAsBefore = true")
        compare_with(driver, "nothing")
        wait.until(lambda d: not any(browser.changes(d).values()))
        compare_with(driver, "a year before")
        free = today - timedelta(20), today - timedelta(11)
        choose_days(driver, *free)
        wait.until(lambda d: browser.numbers(d)["Orders placed"] == orders_placed(superset, "nordlicht", *free))
        assert browser.controls(driver)["marked"] == [] and browser.controls(driver)["days"] == in_words(*free)
        assert driver.execute_script("return window.sameAsBefore")
        driver.refresh()  # what was chosen is in the address
        browser.settle(driver, charts("store_performance"))
        assert browser.numbers(driver)["Orders placed"] == orders_placed(superset, "nordlicht", *free)
        assert browser.controls(driver)["compared"] == "a year before" and browser.controls(driver)["days"] == in_words(
            *free
        )
        driver.find_element(By.CSS_SELECTOR, "#main-menu a").click()
        wait.until(lambda d: d.current_url.startswith(f"{url}/superset/dashboard/home/"))

"""The controls above the dashboards in a real browser: a tenant takes period and comparison from page to page."""

import itertools
import json
from datetime import date, timedelta
from urllib.parse import parse_qs, urlsplit

import duckdb
import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select, WebDriverWait
from supersetapiclient.client import SupersetClient

from superset_assets import decisions
from superset_assets.client import call, ids_by_uuid
from superset_assets.names import asset_uuid
from tests.superset_assets import browser
from tests.superset_assets.conftest import Running
from tests.superset_assets.test_days import ONE_DAY, Clock, clock

__all__ = ["clock"]  # a fixture

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
    return [
        [part for text in row if text for part in text.replace(" (estimated)", "\nestimated").split("\n")]
        for row in rows
    ]


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


def says_to_compare(driver: webdriver.Chrome) -> bool:
    text = driver.execute_script(
        """
        const empty = document.querySelector('[data-test-chart-name="What moved"] .ant-empty');
        return empty && getComputedStyle(empty, '::after').content;
        """
    )
    return "Choose a comparison" in (text or "")


def grain(driver: webdriver.Chrome) -> Select:
    return Select(driver.find_element(By.CSS_SELECTOR, ".takings-grain"))


def first_grain(driver: webdriver.Chrome) -> str:
    return str(grain(driver).options[0].text)


def points(driver: webdriver.Chrome) -> set[str]:
    """What the points are in the answers since the last call."""
    texts = [text for url, _, text in browser.answers(driver) if "/api/v1/chart/data" in url and text]
    answers = [answer for text in texts for answer in json.loads(text).get("result", [])]
    return {answer["points"]["grain"] for answer in answers if "points" in answer}


def stored(driver: webdriver.Chrome, client: SupersetClient, board: str, *parts: str) -> str:
    """The choices on a dashboard that Superset stored for its address, once they hold these texts."""
    key = parse_qs(urlsplit(driver.current_url).query)["native_filters_key"][0]
    value = str(call(client, "get", f"{board}/filter_state/{key}")["value"])
    return value if all(part in value for part in parts) else ""


def arrive(driver: webdriver.Chrome, slug: str) -> None:
    """Wait for the dashboard that a click leads to."""
    WebDriverWait(driver, 30).until(lambda d: f"/{slug}/" in d.current_url)
    browser.settle(driver, charts(slug.replace("-", "_")))


def shows_the_new_day(driver: webdriver.Chrome, first: date, last: date) -> None:
    """The open page shows later days, as a tab that is shown again after a day has begun."""
    driver.execute_script("document.dispatchEvent(new Event('visibilitychange'))")
    later = first + ONE_DAY, last + ONE_DAY
    WebDriverWait(driver, 30).until(lambda d: browser.controls(d)["days"] == in_words(*later))
    assert browser.controls(driver)["marked"] == ["7d"]


def test_tenant_lands_on_home_and_takes_period_and_comparison_along(superset: Running, clock: Clock) -> None:
    """An open page shows other days when a new day begins; it is the same page, since each costs seconds."""
    url, today = superset.server.url, date.today()
    clock(nordlicht=("UTC", f"{today - ONE_DAY}T23:59:00"))
    with browser.chromium() as driver:
        wait = WebDriverWait(driver, 30)
        browser.log_in_by_form(driver, url, superset.server.credentials.login("nordlicht"))
        browser.settle(driver, charts("home"))
        assert driver.current_url.startswith(f"{url}/superset/dashboard/home/")
        assert figures(driver) == published(superset, "nordlicht", "30d", "prior")
        assert browser.controls(driver) == {
            "marked": ["30d"], "days": "Other days", "compared": "the period before", "sql": [], "filters": 0,
        }  # fmt: skip
        driver.execute_script("window.sameAsBefore = true")
        driver.find_element(By.LINK_TEXT, "7d").click()
        wait.until(lambda d: figures(d) == published(superset, "nordlicht", "7d", "prior"))
        compare_with(driver, "nothing")
        wait.until(lambda d: figures(d) == published(superset, "nordlicht", "7d", "none"))
        wait.until(says_to_compare)
        compare_with(driver, "a year before")
        wait.until(lambda d: figures(d) == published(superset, "nordlicht", "7d", "year") and not says_to_compare(d))
        assert driver.execute_script("return window.sameAsBefore") and browser.controls(driver)["marked"] == ["7d"]

        driver.find_element(By.LINK_TEXT, "Store Performance").click()
        arrive(driver, "store-performance")
        seven = today - timedelta(8), today - timedelta(2)
        assert browser.numbers(driver)["Orders placed"] == orders_placed(superset, "nordlicht", *seven)
        assert browser.controls(driver) == {
            "marked": ["7d"], "days": in_words(*seven), "compared": "a year before", "sql": [], "filters": 0,
        }  # fmt: skip

        clock(nordlicht=("UTC", f"{today}T00:00:00"))
        shows_the_new_day(driver, *seven)

        driver.execute_script(
            """
            const [own, written] = [history.replaceState.bind(history), []];
            history.replaceState = (...call) => { written.push(call[2]); own(...call); };
            Object.assign(window, {sameAsBefore: true, written});
            """
        )
        compare_with(driver, "nothing")
        wait.until(lambda d: not any(browser.changes(d).values()))
        compare_with(driver, "a year before")
        free = today - timedelta(20), today - timedelta(11)
        choose_days(driver, *free)
        wait.until(lambda d: browser.numbers(d)["Orders placed"] == orders_placed(superset, "nordlicht", *free))
        assert browser.controls(driver)["marked"] == [] and browser.controls(driver)["days"] == in_words(*free)
        assert driver.execute_script("return window.sameAsBefore")
        wait.until(lambda d: str(free[0]) in d.current_url)
        written = driver.execute_script("return window.written")
        assert len(written) > 2 and all(one != other for one, other in itertools.pairwise(written)), "no address twice"
        driver.refresh()  # what was chosen is in the address
        browser.settle(driver, charts("store_performance"))
        assert browser.numbers(driver)["Orders placed"] == orders_placed(superset, "nordlicht", *free)
        assert browser.controls(driver)["compared"] == "a year before" and browser.controls(driver)["days"] == in_words(
            *free
        )
        driver.find_element(By.CSS_SELECTOR, "#main-menu a").click()
        wait.until(lambda d: d.current_url.startswith(f"{url}/superset/dashboard/home/"))
        browser.settle(driver, charts("home"))
        assert not driver.find_element(By.CSS_SELECTOR, ".takings-grain").is_displayed()
        choose_days(driver, *free)  # other days than Home has are on the Executive Summary
        arrive(driver, "executive-summary")
        assert browser.numbers(driver)["Orders placed"] == orders_placed(superset, "nordlicht", *free)


def test_grain_is_chosen_on_the_page_and_kept_with_range_and_comparison(superset: Running) -> None:
    url, client = superset.server.url, superset.admin  # whose choices Superset stores
    board = f"dashboard/{ids_by_uuid(client, 'dashboard')[asset_uuid('dashboards', 'revenue_deep_dive')]}"
    with browser.chromium() as driver:
        wait = WebDriverWait(driver, 30)
        browser.log_in(driver, url, superset.server.credentials.admin)
        driver.get(f"{url}/superset/dashboard/revenue-deep-dive/")
        browser.settle(driver, charts("revenue_deep_dive"))
        wait.until(lambda d: first_grain(d) == "automatic: days")
        driver.find_element(By.LINK_TEXT, "90d").click()
        wait.until(lambda d: first_grain(d) == "automatic: weeks")
        points(driver)
        grain(driver).select_by_visible_text("by month")
        wait.until(lambda d: points(d) == {"P1M"})
        compare_with(driver, "a year before")
        shown = browser.controls(driver)

        mask = json.loads(wait.until(lambda d: stored(d, client, board, "1 year ago", "P1M")))
        link = call(client, "post", f"{board}/permalink", json={"dataMask": mask})
        for open_page in (
            lambda: driver.get(f"{url}/superset/dashboard/p/{link['key']}/"),
            lambda: driver.find_element(By.LINK_TEXT, "Product Metrics").click(),
        ):
            points(driver)
            open_page()
            wait.until(lambda d: points(d) == {"P1M"})
            wait.until(lambda d: grain(d).first_selected_option.text == "by month")
            assert browser.controls(driver) == shown
        grain(driver).select_by_index(0)
        wait.until(lambda d: points(d) == {"P1W"})
        wait.until(lambda d: first_grain(d) == "automatic: weeks")

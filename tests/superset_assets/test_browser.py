"""Every dashboard in a real browser: as the admin, as each tenant, in light and dark, on a phone, with screenshots.

One browser per user opens all of them. All answers to a tenant's browser are searched for names of the other tenant.
"""

from collections.abc import Collection
from datetime import date
from pathlib import Path

import duckdb
import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from semantic.catalog import Catalog
from superset_assets import bundle, dashboard_form, decisions, export, sync
from superset_assets.client import ids_by_uuid
from superset_assets.names import asset_uuid
from tests.superset_assets import browser, marts
from tests.superset_assets.conftest import Running, copied, point_to

BOARDS = {
    dashboard_form.slug(name): browser.charts_in_view(dashboard)
    for name, dashboard in decisions.read().dashboards.items()
}
ON_PHONES = {"home", "store-performance"}
"""Home, and the dashboard with most types of tiles; the others are on a phone in `make test-deep`."""
pytestmark = pytest.mark.skipif(
    not (browser.CHROMIUM.exists() and browser.DRIVER.exists()), reason="no chromium: `make test` installs it"
)


def wrong(driver: webdriver.Chrome, canary: str | None = None) -> list[str]:
    """Requests that failed, that left for another host, or whose answer names the other tenant."""
    problems = []
    for url, status, text in browser.answers(driver):
        local = url.startswith(("http://127.0.0.1:", "data:", "blob:", "chrome"))
        # a tenant may not store the colours that the dashboard derives, and need not
        if not local or (status >= 400 and "/colors" not in url):
            problems.append(f"{status} {url}")
        if canary and canary in text.lower():
            problems.append(f"{canary} in {url}")
    if canary and canary in driver.page_source.lower():
        problems.append(f"{canary} on {driver.current_url}")
    return problems


def charts(slug: str) -> int:
    return len(BOARDS[slug])


def look(driver: webdriver.Chrome, superset: Running, slug: str) -> None:
    driver.get(f"{superset.server.url}/superset/dashboard/{slug}/")
    browser.settle(driver, charts(slug))
    assert browser.complaints(driver) == [], slug


def by_length(day: date) -> list[str]:
    """The presets by the number of days that they show on this day; of two equal ones, the one opened first."""
    days = {"30d": 30, "7d": 7, "90d": 90, "365d": 365, "YTD": day.timetuple().tm_yday}
    return sorted(days, key=days.__getitem__)


def filled(path: Path) -> bool:
    return path.stat().st_size > 50_000


@pytest.mark.parametrize(
    "slugs",
    [("store-performance",), pytest.param(sorted(BOARDS.keys() - {"store-performance"}), marks=pytest.mark.deep)],
)
def test_admin_sees_every_chart_of_one_tenant_in_its_currency(superset: Running, slugs: Collection[str]) -> None:
    with browser.chromium() as driver:
        browser.log_in(driver, superset.server.url, superset.server.credentials.admin)
        for slug in slugs:
            look(driver, superset, slug)
            assert browser.clipped(driver) == [], slug
            assert wrong(driver) == []
            assert {text[0] for text in browser.numbers(driver).values() if not text[0].isdigit()} <= {
                "$",
                "\N{MINUS SIGN}",
            }, slug
            assert slug != "store-performance" or browser.numbers(driver)["Net sales"].startswith("$")
            assert filled(browser.screenshot(driver, slug))
        if "store-performance" not in slugs:
            look(driver, superset, "store-performance")
        browser.choose(driver, "Tenant", "nordlicht")
        driver.find_element(By.LINK_TEXT, "7d").click()
        WebDriverWait(driver, 30).until(lambda d: browser.numbers(d)["Net sales"].startswith("€"))
        driver.find_element(By.CSS_SELECTOR, "[data-test='filter-bar__clear-button']").click()
        WebDriverWait(driver, 30).until(lambda d: browser.controls(d)["marked"] == ["30d"])
        browser.settle(driver, charts("store-performance"))
        assert browser.numbers(driver)["Net sales"].startswith("€")


@pytest.mark.deep  # the phone's walk below looks at every dashboard as a tenant, too
def test_tenant_sees_nothing_of_the_other_tenant_on_any_dashboard(superset: Running) -> None:
    with browser.chromium() as driver:
        browser.log_in(driver, superset.server.url, superset.server.credentials.login("nordlicht"))
        for slug in BOARDS:
            look(driver, superset, slug)
            assert wrong(driver, marts.CANARIES["aurora"]) == []
            assert browser.screenshot(driver, f"{slug}-tenant").exists()
        look(driver, superset, "marketing-performance")
        assert marts.CANARIES["nordlicht"] in driver.page_source
        assert "SQL" not in driver.find_element(By.CSS_SELECTOR, "header, #main-menu").text


@pytest.mark.deep  # it proves the walk's own check
def test_planted_leak_is_seen_on_the_page_and_in_the_answers_to_the_browser(restored: Running) -> None:
    """Rows of aurora in nordlicht's file: of a mart that a table names, and of one that only a picture shows."""
    folder = copied(restored, "seen")
    with duckdb.connect(str(folder / "tenant-nordlicht.duckdb")) as db:
        db.execute(f"ATTACH '{folder / 'tenant-aurora.duckdb'}' AS other (READ_ONLY)")
        for mart in ("spend", "sessions_daily"):
            rows = f"SELECT * REPLACE ('nordlicht' AS tenant_id) FROM other.marts.{mart}"
            db.execute(f"INSERT INTO marts.{mart} {rows} WHERE date_day > current_date - 7")
    point_to(restored, "seen")
    with browser.chromium() as driver:
        browser.log_in(driver, restored.server.url, restored.server.credentials.login("nordlicht"))
        look(driver, restored, "marketing-performance")
        places = wrong(driver, marts.CANARIES["aurora"])
    assert [place for place in places if " on http" in place], places
    assert len([place for place in places if "/api/v1/chart/data" in place]) >= 2, places


@pytest.mark.deep  # `make test` checks the charts' setting
def test_name_that_holds_html_is_shown_letter_by_letter(restored: Running) -> None:
    folder, name = (
        copied(restored, "html"),
        "<b id='planted'>bold</b> <a href='https://example.com'>link</a> <img src=x>",
    )
    with duckdb.connect(str(folder / "tenant-nordlicht.duckdb")) as db:
        db.execute("UPDATE marts.customer_daily SET display_name = ?", [name])
    point_to(restored, "html")
    with browser.chromium() as driver:
        browser.log_in(driver, restored.server.url, restored.server.credentials.login("nordlicht"))
        look(driver, restored, "store-performance")
        shown = driver.find_element(By.TAG_NAME, "body").text
        assert name in shown.replace("\N{WORD JOINER}", "")
        assert driver.find_elements(By.ID, "planted") == []


@pytest.mark.deep
def test_each_preset_changes_the_range_without_our_script(superset: Running) -> None:
    began = date.today()
    with browser.chromium() as driver:
        browser.log_in(driver, superset.server.url, superset.server.credentials.login("nordlicht"))
        driver.execute_cdp_cmd("Network.enable", {})
        driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/takings/controls.js*"]})
        look(driver, superset, "store-performance")
        shown = {"30d": browser.numbers(driver)}
        assert shown["30d"]["Net sales"].startswith("€")
        for preset in ("7d", "90d", "YTD", "365d"):
            driver.find_element(By.LINK_TEXT, preset).click()
            driver.switch_to.window(driver.window_handles[-1])
            browser.settle(driver, charts("store-performance"))
            assert browser.complaints(driver) == []
            shown[preset] = browser.numbers(driver)
        orders = {preset: int(values["Orders placed"].replace(",", "")) for preset, values in shown.items()}
        by_orders = sorted(orders, key=orders.__getitem__)
        assert by_orders in [by_length(day) for day in (began, date.today())]


@pytest.mark.parametrize(
    "slugs", [ON_PHONES, pytest.param(sorted(BOARDS.keys() - ON_PHONES), marks=pytest.mark.deep)], ids=len
)
def test_phone_in_dark_mode_shows_nothing_wider_than_the_screen(superset: Running, slugs: Collection[str]) -> None:
    with browser.chromium(dark=True, phone=True) as driver:
        browser.log_in(driver, superset.server.url, superset.server.credentials.login("aurora"))
        for slug in slugs:
            look(driver, superset, slug)
            assert wrong(driver, marts.CANARIES["nordlicht"]) == []
            assert driver.execute_script("return [innerWidth, document.documentElement.scrollWidth]") == [390, 390]
            assert narrow(driver) == [], slug
            assert first_figure(driver) < 400, slug
            if slug == "store-performance":
                assert f"promotion {marts.CANARIES['aurora']} · " in browser.touched(driver, "Net sales trend")
            assert filled(browser.screenshot(driver, f"{slug}-phone-dark"))
        assert bright(driver)


def first_figure(driver: webdriver.Chrome) -> float:
    """Where the first figure ends, from the top of the page."""
    figure = ".pop_kpi > div > div > div, .header-line, [data-test-chart-name='Figures'] td:nth-child(3)"
    value = driver.find_element(By.CSS_SELECTOR, figure)
    return float(driver.execute_script("return arguments[0].getBoundingClientRect().bottom", value))


def narrow(driver: webdriver.Chrome) -> list[str]:
    """Charts that are not as wide as a phone's screen, or as half of it for big numbers."""
    texts: list[str] = driver.execute_script(
        """
        return [...document.querySelectorAll('.dashboard-component-chart-holder')].filter(holder => {
          const small = holder.querySelector('[data-test-viz-type^="big_number"], [data-test-viz-type="pop_kpi"]');
          return Math.abs(holder.getBoundingClientRect().width - (small ? 174.5 : 366)) > 2;
        }).map(holder => holder.textContent.slice(0, 60));
        """
    )
    return texts


def bright(driver: webdriver.Chrome) -> bool:
    """Whether texts are light, as on a dark background."""
    colour = driver.execute_script(
        "return getComputedStyle(document.querySelector('.chart-slice').parentElement).color"
    )
    return min(int(part) for part in colour.split("(")[1].split(",")[:3]) > 128


@pytest.mark.deep  # test_export reads what the editor adds
@pytest.mark.parametrize("names", [("top_customers",), ("revenue_by_day", "mrr_target")])
def test_chart_saved_in_the_browser_without_an_edit_gives_an_export_nothing_to_write(
    superset: Running, catalog: Catalog, names: tuple[str, ...]
) -> None:
    """Superset's editor writes its own defaults into a chart that it saves, and drops what it has no control for."""
    numbers_of = ids_by_uuid(superset.admin, "chart")
    try:
        with browser.chromium() as driver:
            browser.log_in(driver, superset.server.url, superset.server.credentials.admin)
            for name in names:
                browser.save_chart(driver, superset.server.url, numbers_of[asset_uuid("charts", name)])
        saved = bundle.unpack(sync.exported(superset.admin))
        assert "matrixify_enable" in str(saved), "no chart was saved"
        assert export.compare(saved, decisions.read(), catalog).lines() == []
    finally:
        sync.apply(superset.admin, superset.bundle)

"""Store Performance in a real browser, as the admin and as a tenant, in light and dark; screenshots are kept."""

import json
from datetime import date
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from superset_assets import build
from tests.superset_assets import browser
from tests.superset_assets.conftest import Running

PATH = "/superset/dashboard/store-performance/"
CHARTS = len(list((build.ROOT / "charts").glob("*.yaml")))
pytestmark = pytest.mark.skipif(
    not (browser.CHROMIUM.exists() and browser.DRIVER.exists()), reason="no chromium: `make test` installs it"
)


def numbers(driver: webdriver.Chrome) -> dict[str, str]:
    """What the big numbers say, by title."""
    tiles = driver.find_elements(By.CSS_SELECTOR, ".chart-slice[data-test-viz-type='big_number_total']")
    return {
        tile.get_attribute("data-test-chart-name") or "": tile.find_element(By.CSS_SELECTOR, ".header-line").text
        for tile in tiles
    }


def clipped(driver: webdriver.Chrome) -> list[str]:
    """Titles, descriptions and numbers that are wider than their place."""
    found: list[str] = driver.execute_script(
        """
        const wide = node => node.scrollWidth > node.clientWidth + 1;
        return [...document.querySelectorAll('.chart-slice .header-title, .header-line, .subtitle-line')]
          .filter(wide).map(node => node.textContent);
        """
    )
    return found


def refused(driver: webdriver.Chrome) -> list[str]:
    """Requests that failed, and requests that went anywhere but to Superset and were not stopped by its policy."""
    said = []
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] == "Network.responseReceived":
            response = message["params"]["response"]
            local = response["url"].startswith(("http://127.0.0.1:", "data:", "blob:", "chrome"))
            # a tenant may not store the colours that the dashboard works out, and need not
            if not local or (response["status"] >= 400 and "/colors" not in response["url"]):
                said.append(f"{response['status']} {response['url']}")
    return said


def open_dashboard(driver: webdriver.Chrome, superset: Running, who: str) -> None:
    browser.log_in(driver, superset.server.url, superset.server.credentials.login(who))
    driver.get(superset.server.url + PATH)
    browser.settle(driver, CHARTS)


def by_length(day: date) -> list[str]:
    """The presets by how many days they show on this day; of two alike, the one that was looked at first."""
    days = {"30d": 30, "7d": 7, "90d": 90, "YTD": day.timetuple().tm_yday}
    return sorted(days, key=days.__getitem__)


def kept(path: Path) -> bool:
    return path.stat().st_size > 50_000


def test_the_admin_sees_every_chart_of_one_tenant_with_its_currency(superset: Running) -> None:
    with browser.chromium() as driver:
        open_dashboard(driver, superset, "admin")
        assert browser.complaints(driver) == []
        assert clipped(driver) == []
        assert numbers(driver)["Net sales"].startswith("$")
        assert refused(driver) == []
        assert kept(browser.screenshot(driver, "store-performance"))


def test_a_tenant_sees_its_own_shop_and_each_preset_changes_the_range(superset: Running) -> None:
    began = date.today()
    with browser.chromium() as driver:
        open_dashboard(driver, superset, "nordlicht")
        assert browser.complaints(driver) == []
        shown = {"30d": numbers(driver)}
        assert shown["30d"]["Net sales"].startswith("€")
        assert browser.screenshot(driver, "store-performance-tenant").exists()
        for preset in ("7d", "90d", "YTD"):
            driver.find_element(By.LINK_TEXT, preset).click()
            driver.switch_to.window(driver.window_handles[-1])
            browser.settle(driver, CHARTS)
            assert browser.complaints(driver) == []
            shown[preset] = numbers(driver)
        orders = {preset: int(values["Orders placed"].replace(",", "")) for preset, values in shown.items()}
        assert sorted(orders, key=orders.__getitem__) in [by_length(day) for day in (began, date.today())]
        assert "SQL" not in driver.find_element(By.CSS_SELECTOR, "header, #main-menu").text
        assert refused(driver) == []


def test_it_is_drawn_in_dark_for_those_who_prefer_it(superset: Running) -> None:
    with browser.chromium(dark=True) as driver:
        open_dashboard(driver, superset, "admin")
        assert browser.complaints(driver) == []
        ground = driver.execute_script(
            "return getComputedStyle(document.querySelector('.chart-slice').parentElement).color"
        )
        red, green, blue = (int(part) for part in ground.split("(")[1].split(",")[:3])
        assert min(red, green, blue) > 128, f"text is dark on dark: {ground}"
        assert kept(browser.screenshot(driver, "store-performance-dark"))

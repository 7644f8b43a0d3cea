"""Share from Superset, open as a stranger, download the CSV: in a real Chromium, on a desktop and on a phone."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from semantic import periods, query
from serving.app import application
from serving.people import SupersetLogins
from tests.sampling import sample
from tests.serving.conftest import ZONE, Served
from tests.serving.server import running
from tests.superset_assets import browser
from tests.superset_assets.conftest import Running

pytestmark = pytest.mark.skipif(
    not (browser.CHROMIUM.exists() and browser.DRIVER.exists()), reason="no chromium: `make test` installs it"
)
TILE = 'a[href="/takings/share/revenue-overview"]'


@contextmanager
def stranger(folder: Path, *, phone: bool) -> Iterator[webdriver.Chrome]:
    """Another browser, without a login, that keeps downloads in `folder`."""
    with browser.chromium(phone=phone) as driver:
        folder.mkdir()
        behaviour = {"behavior": "allow", "downloadPath": str(folder)}
        driver.execute_cdp_cmd("Browser.setDownloadBehavior", behaviour)
        yield driver


def wait_for(driver: webdriver.Chrome, selector: str) -> None:
    WebDriverWait(driver, 60).until(lambda d: d.find_elements(By.CSS_SELECTOR, selector))


def press(driver: webdriver.Chrome, selector: str) -> None:
    wait_for(driver, selector)
    element = driver.find_element(By.CSS_SELECTOR, selector)
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
    element.click()


def complaints(driver: webdriver.Chrome, superset: Running) -> list[str]:
    """What the browser reports of our pages: blocked styles and scripts, failed requests."""
    messages = [entry["message"] for entry in driver.get_log("browser")]
    return [message for message in messages if not message.startswith(superset.server.url)]


def shared_link(driver: webdriver.Chrome, superset: Running) -> str:
    """From the tile of a dashboard in two clicks to the link, which the button copies."""
    browser.log_in(driver, superset.server.url, superset.server.credentials.login("aurora"))
    driver.get(f"{superset.server.url}/superset/dashboard/home/")
    wait_for(driver, TILE)
    browser.settle(driver, 3)
    browser.screenshot(driver, f"home-share-{driver.execute_script('return innerWidth')}")
    press(driver, TILE)
    press(driver, "form[action='/share'] button")
    press(driver, "[data-copies]")
    WebDriverWait(driver, 10).until(lambda d: d.find_element(By.CSS_SELECTOR, "[role=status]").text == "Copied")
    selected = driver.execute_script("const f = document.activeElement; return f.selectionEnd - f.selectionStart")
    field = driver.find_element(By.ID, "url")
    assert complaints(driver, superset) == []
    assert field.get_attribute("readonly") and selected in {0, len(str(field.get_attribute("value")))}
    return str(field.get_attribute("value"))


def downloaded(folder: Path, name: str) -> bytes:
    deadline = time.monotonic() + 30
    while not (folder / name).exists():
        assert time.monotonic() < deadline, f"{name} did not come, but {[path.name for path in folder.iterdir()]}"
        time.sleep(0.1)
    return (folder / name).read_bytes()


@pytest.mark.parametrize("phone", sample([False, True], False), ids=["desktop", "phone"])
def test_report_shared_from_superset_is_opened_and_downloaded_by_a_stranger(
    superset: Running, served: Served, tmp_path: Path, phone: bool
) -> None:
    site = replace(
        served.site,
        logins=SupersetLogins(superset.server.url),
        superset_port=superset.server.port,
    )
    with running(application(site), int(superset.server.web.removeprefix(":"))):
        with browser.chromium(phone=phone) as driver:
            url = shared_link(driver, superset)
        first, last = periods.whole("30d", ZONE, datetime.now(UTC))
        with stranger(tmp_path / "downloads", phone=phone) as driver:
            driver.get(url)
            assert driver.find_element(By.TAG_NAME, "h1").text == "Revenue Overview"
            assert complaints(driver, superset) == []
            width = driver.execute_script("return document.documentElement.scrollWidth")
            assert width <= (390 if phone else 1440)
            driver.find_element(By.PARTIAL_LINK_TEXT, "CSV").click()
            content = downloaded(tmp_path / "downloads", f"revenue-overview-{first}-{last}.csv")
            foreign = {address for address, _, _ in browser.answers(driver) if "//127.0.0.1:" not in address}
            assert {address for address in foreign if not address.startswith(("data:", "chrome"))} == set()
            driver.get(url.replace("/r/", "/"))
            assert "There is no such page" in driver.title or "no such page" in driver.page_source
    assert content.startswith(b"\xef\xbb\xbf") and content.endswith(b"\r\n")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    expected = query.ask(site.published, ["total_sales"], start=first, end=last, tenant="aurora").to_pylist()
    assert len(rows) == 30
    assert sum(Decimal(row["total_sales_usd"]) for row in rows) == expected[0]["total_sales"]


def test_login_page_of_superset_leads_back_to_the_application(superset: Running, served: Served) -> None:
    site = replace(served.site, logins=SupersetLogins(superset.server.url), superset_port=superset.server.port)
    login = superset.server.credentials.login("nordlicht")
    with running(application(site), int(superset.server.web.removeprefix(":"))) as port, browser.chromium() as driver:
        for _ in range(4):  # again when the form was not ready yet, as in browser.log_in_by_form
            driver.get(f"http://127.0.0.1:{port}/")
            driver.find_element(By.LINK_TEXT, "Log in").click()
            wait_for(driver, "button[type=submit]")
            time.sleep(0.3)
            driver.find_element(By.CSS_SELECTOR, "input#username, input[name=username]").send_keys(login.username)
            driver.find_element(By.CSS_SELECTOR, "input#password, input[name=password]").send_keys(login.password)
            driver.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
            with suppress(TimeoutException):
                WebDriverWait(driver, 10).until(lambda d: d.title.startswith("Reports"))
                break
        assert driver.title == "Reports · Nordlicht"

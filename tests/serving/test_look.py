"""The application's own pages in a browser: nothing blocked, too wide or left out, and they work without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from importlib.resources import files

import axe_playwright_python
import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from serving.links import sign
from serving.tenant_api.history import Author
from serving.tenant_api.profile import Profile
from tests.sampling import sample
from tests.serving.conftest import Served
from tests.serving.server import running
from tests.superset_assets import browser

pytestmark = pytest.mark.skipif(
    not (browser.CHROMIUM.exists() and browser.DRIVER.exists()), reason="no chromium: `make test` installs it"
)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]


@pytest.fixture(scope="module", params=sample(["desktop", "phone, dark"], "phone, dark"))
def driver(request: pytest.FixtureRequest) -> Iterator[webdriver.Chrome]:
    with browser.chromium(dark="dark" in request.param, phone="phone" in request.param) as opened:
        yield opened


@pytest.fixture
def address(served: Served) -> Iterator[str]:
    with running(served.client.app) as port:
        yield f"http://127.0.0.1:{port}"


def log_in(driver: webdriver.Chrome, address: str, name: str) -> None:
    driver.get(f"{address}/robots.txt")
    driver.delete_all_cookies()
    if name:
        driver.add_cookie({"name": "session", "value": f"{name}-session"})
    driver.get_log("browser")  # type: ignore[no-untyped-call]


def violations(driver: webdriver.Chrome) -> list[str]:
    """What axe-core finds by the rules of WCAG 2 A and AA, contrast among them."""
    driver.execute_script(files(axe_playwright_python).joinpath("axe.min.js").read_text())
    driver.set_script_timeout(60)
    found_by_axe: list[str] = driver.execute_async_script(
        """
        const [rules, answer] = arguments;
        axe.run(document, {runOnly: rules, resultTypes: ['violations']})
          .then(result => answer(result.violations.map(each => `${each.id}: ${each.nodes[0].html.slice(0, 200)}`)));
        """,
        RULES,
    )
    return found_by_axe


@pytest.mark.parametrize(("login", "page", "title"), [
    ("aurora", "/", "Reports · Aurora Outdoor"), ("admin", "/?tenant=nordlicht", "Reports · Nordlicht"),
    ("maria", "/", "Reports · Aurora Outdoor"), ("aurora", "/share?report=top-products", "Share a report"),
    ("aurora", "/links/LINK", "Link to Revenue Overview"), ("aurora", "/reports/revenue-overview", "Revenue Overview"),
    ("maria", "/share", "Your login may not share"), ("aurora", "/settings", "Assistant settings"),
    ("", "/", "Log in first"), ("", "/r/x", "This link is not valid"),
    ("", "/r/EXPIRED", "This link has expired"), ("down", "/", "Logins cannot be checked right now"),
])  # fmt: skip
def test_page_shows_everything_to_everybody(
    driver: webdriver.Chrome, served: Served, address: str, login: str, page: str, title: str
) -> None:
    link, expired = served.link(), served.token(lifetime=timedelta(seconds=-1))
    served.sessions.down = login == "down"
    profile = Profile(
        "Tents and boots.\nSince 1987.", "Friendly", "https://aurora.example.com", None, Decimal("0.7"), 5
    )
    served.site.settings.save("aurora", profile, Author("login", "aurora"), served.site.now(), expected=0)
    log_in(driver, address, login)
    driver.get(address + page.replace("LINK", link.id).replace("EXPIRED", expired))
    assert driver.title.startswith(title)
    messages = [entry["message"] for entry in driver.get_log("browser")]  # type: ignore[no-untyped-call]
    assert [text for text in messages if "server responded with a status of" not in text] == []
    widths = driver.execute_script("return [innerWidth, document.documentElement.scrollWidth]")
    assert widths in ([390, 390], [1440, 1440])
    assert violations(driver) == []


def test_link_is_made_and_revoked_without_scripts(driver: webdriver.Chrome, served: Served, address: str) -> None:
    log_in(driver, address, "aurora")
    driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        driver.get(f"{address}/share?report=sales-velocity")
        driver.find_element(By.CSS_SELECTOR, "form[action='/share'] button").click()
        WebDriverWait(driver, 10).until(lambda d: d.find_elements(By.ID, "url"))
        url = str(driver.find_element(By.ID, "url").get_attribute("value"))
        entry = served.site.ledger.entries()[0]
        assert url == f"{address}/r/{sign(entry.link, served.site.keys)}"
        assert not driver.find_element(By.CSS_SELECTOR, "[data-copies]").is_displayed(), "a button that does nothing"
        driver.find_element(By.CSS_SELECTOR, "button.danger").click()
        WebDriverWait(driver, 10).until(lambda d: "No link is open" in d.page_source)
    finally:
        driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})

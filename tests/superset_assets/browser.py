"""Debian's Chromium, headless and without requests of its own, to look at Superset."""

import base64
import html
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests
from selenium import webdriver
from selenium.common.exceptions import TimeoutException, WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from superset_assets import dashboard_form
from superset_assets.client import LoopbackCookies
from superset_assets.decisions import Dashboard
from superset_assets.process import Login

ROOT = Path(__file__).resolve().parents[2]
SCREENSHOTS = Path(os.environ.get("TAKINGS_SCREENSHOTS") or ROOT / ".takings" / "screenshots")
CHROMIUM, DRIVER = Path("/usr/bin/chromium"), Path("/usr/bin/chromedriver")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    "--blink-settings=imageAnimationPolicy=2",  # the picture of waiting moves: each frame would be drawn
    "--js-flags=--no-opt",  # a page is open for seconds: to optimise its scripts costs more than it saves
)  # fmt: skip
DESKTOP, PHONE = (1440, 3600), (390, 6600)
CHARTS = "[data-test='chart-container'], .dashboard-component-chart-holder .slice_container"
BUSY = ".ant-spin-spinning, [data-test='loading-indicator'], .loading, [aria-label='Loading']"
_idle: list[Callable[[], webdriver.Chrome]] = []
"""Gives the browser of `one_browser` while no test uses it."""
BROKEN = "[data-test='alert-message'], .ant-alert-error, .error-boundary, [data-test='error-message']"


@contextmanager
def chromium(*, dark: bool = False, phone: bool = False) -> Iterator[webdriver.Chrome]:
    """A browser with a new profile, in light or dark mode: a desktop 1440 pixels wide, or a phone of 390.

    The window is higher than any dashboard: Superset draws a chart when it becomes visible. Within `one_browser` it is
    a new tab of a browser that has forgotten all but the files that it loaded.
    """
    width, height = PHONE if phone else DESKTOP
    with _new_tab() if _idle else _started(width, height) as driver:
        if phone:
            screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": True}
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
        if dark:
            prefer_dark(driver)
        yield driver


@contextmanager
def one_browser() -> Iterator[None]:
    """The tests share a browser: to start one and to load Superset's scripts for the first time costs 5 CPU seconds."""
    with ExitStack() as stack:
        _idle.append(lambda: stack.enter_context(_started(*DESKTOP)))
        yield
        _idle.clear()


@contextmanager
def _started(width: int, height: int) -> Iterator[webdriver.Chrome]:
    with TemporaryDirectory() as profile:
        options = Options()
        options.binary_location = str(CHROMIUM)
        for flag in (*FLAGS, f"--user-data-dir={profile}", f"--window-size={width},{height}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        driver = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
        try:
            yield driver
        finally:
            driver.quit()


@contextmanager
def _new_tab() -> Iterator[webdriver.Chrome]:
    """A tab of the browser that nobody uses. After a test that fails, the others start browsers of their own."""
    driver = _idle.pop()()
    first = driver.current_window_handle
    driver.switch_to.new_window("tab")
    yield driver
    driver.execute_cdp_cmd("Network.clearBrowserCookies", {})
    driver.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": "*", "storageTypes": "all"})
    driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "default"})
    for handle in driver.window_handles:
        if handle != first:
            driver.switch_to.window(handle)
            driver.close()
    driver.switch_to.window(first)
    for kind in ("performance", "browser"):
        driver.get_log(kind)  # type: ignore[no-untyped-call]
    _idle.append(lambda: driver)


def prefer_dark(driver: webdriver.Chrome) -> None:
    """Make the browser ask pages for their dark mode."""
    features = [{"name": "prefers-color-scheme", "value": "dark"}]
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def log_in(driver: webdriver.Chrome, url: str, login: Login) -> None:
    """Log in without a page: `log_in_by_form` draws the form and Home, which costs six CPU seconds."""
    with requests.Session() as session:
        session.cookies = LoopbackCookies()
        form = session.get(f"{url}/login/", timeout=60).text
        token = re.search(r'"csrf_token":\s*"([^"]+)"|name="csrf_token"[^>]*value="([^"]+)"', html.unescape(form))
        assert token, form[:1000]
        fields = {"username": login.username, "password": login.password, "csrf_token": token[1] or token[2]}
        headers = {"Referer": f"{url}/login/"}
        answer = session.post(f"{url}/login/", fields, headers=headers, timeout=60, allow_redirects=False)
        assert answer.status_code == 302 and "/login" not in answer.headers["Location"], f"{login.username}: {answer}"
        for cookie in session.cookies:
            driver.execute_cdp_cmd("Network.setCookie", {"name": cookie.name, "value": cookie.value, "url": url})


def log_in_by_form(driver: webdriver.Chrome, url: str, login: Login) -> None:
    """Log in by the form, as a person does; repeated when the page was not ready yet."""
    for _ in range(4):
        driver.get(f"{url}/login/")
        wait = WebDriverWait(driver, 30)
        wait.until(lambda d: d.find_elements(By.CSS_SELECTOR, "button[type=submit]"))
        time.sleep(0.3)
        driver.find_element(By.CSS_SELECTOR, "input#username, input[name=username]").send_keys(login.username)
        driver.find_element(By.CSS_SELECTOR, "input#password, input[name=password]").send_keys(login.password)
        driver.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
        try:
            WebDriverWait(driver, 10).until(lambda d: "/login" not in d.current_url)
        except TimeoutException:
            continue
        return
    raise AssertionError(f"{login.username} could not log in: {driver.find_element(By.TAG_NAME, 'body').text[:300]}")


def save_chart(driver: webdriver.Chrome, url: str, number: int) -> None:
    """Open a chart in Superset's editor and save it over itself."""

    def press(selector: str) -> None:
        WebDriverWait(driver, 60).until(lambda d: d.find_elements(By.CSS_SELECTOR, selector))
        driver.execute_script("arguments[0].click()", driver.find_element(By.CSS_SELECTOR, selector))

    def save_dialog(driver: webdriver.Chrome) -> bool:
        if driver.find_elements(By.CSS_SELECTOR, "#overwrite-radio"):
            return True
        press("[data-test='query-save-button']")
        return False

    driver.get(f"{url}/explore/?slice_id={number}")
    WebDriverWait(driver, 60).until(lambda d: d.find_elements(By.CSS_SELECTOR, "[data-test='query-save-button']"))
    WebDriverWait(driver, 60).until(lambda d: not d.find_elements(By.CSS_SELECTOR, BUSY))
    WebDriverWait(driver, 60, poll_frequency=2).until(save_dialog)  # a click before the chart is drawn opens nothing
    press("#overwrite-radio")
    press("#btn_modal_save")
    WebDriverWait(driver, 60).until(lambda d: not d.find_elements(By.CSS_SELECTOR, "#btn_modal_save"))


def choose(driver: webdriver.Chrome, title: str, value: str) -> None:
    """Choose a value in a filter above the dashboard, which applies it."""
    boxes = "//*[@data-test='filter-control-name' and starts-with(normalize-space(), '{}')]"
    name = driver.find_element(By.XPATH, boxes.format(title))
    name.find_element(By.XPATH, "following::*[contains(@class, 'ant-select-selector')][1]").click()
    option = f"//*[contains(@class, 'ant-select-item-option') and normalize-space()='{value}']"
    WebDriverWait(driver, 30).until(lambda d: d.find_elements(By.XPATH, option))
    driver.find_element(By.XPATH, option).click()


def charts_in_view(dashboard: Dashboard) -> list[str]:
    """The charts that a dashboard draws when it opens: outside its tabs, and in the first one."""
    later = {row for rows in list(dashboard.tabs.values())[1:] for row in rows}
    rows = {name: row for name, row in dashboard.rows.items() if name not in later}
    return dashboard_form.chart_names(dashboard.model_copy(update={"rows": rows}))


def settle(driver: webdriver.Chrome, tiles: int, timeout: float = 60, *, drawn: bool = True) -> None:
    """Wait until `tiles` charts are there (and `drawn`), and nothing loads any more, three times in a row."""
    deadline = time.monotonic() + timeout
    calm = 0
    while calm < 3:
        if time.monotonic() > deadline:
            raise AssertionError(f"the dashboard did not settle within {timeout:.0f} s: {state(driver)}")
        here = state(driver)
        calm = (
            calm + 1 if here["charts"] >= tiles and here["busy"] == 0 and (here["drawn"] >= tiles or not drawn) else 0
        )
        time.sleep(0.4)


def state(driver: webdriver.Chrome) -> dict[str, int]:
    """The number of charts on the page, of drawn charts, and of parts that still load."""
    counts: dict[str, int] = driver.execute_script(
        """
        const seen = node => node.offsetParent !== null;
        const charts = [...document.querySelectorAll('.dashboard-component-chart-holder')];
        const full = chart => chart.querySelector('canvas, table, .header-line, .pop_kpi');
        return {charts: charts.length, drawn: charts.filter(full).length,
                busy: [...document.querySelectorAll(arguments[0])].filter(seen).length};
        """,
        BUSY,
    )
    return counts


def numbers(driver: webdriver.Chrome) -> dict[str, str]:
    """The numbers of the cards by title, without their changes."""
    texts: dict[str, str] = driver.execute_script(
        """
        const cards = [...document.querySelectorAll('.chart-slice[data-test-viz-type="pop_kpi"]')];
        const number = card => card.querySelector('.pop_kpi > div > div > div')?.firstChild.textContent ?? '';
        return Object.fromEntries(cards.map(card => [card.dataset.testChartName, number(card)]));
        """
    )
    return texts


def changes(driver: webdriver.Chrome) -> dict[str, str]:
    """The change that each card shows since the earlier period; empty where it shows none."""
    cards = driver.find_elements(By.CSS_SELECTOR, ".chart-slice[data-test-viz-type='pop_kpi']")
    place = ".pop_kpi > div > div > div:last-child"
    return {
        card.get_attribute("data-test-chart-name") or "": " ".join(
            reversed(card.find_element(By.CSS_SELECTOR, place).text.split("\n"))
        )
        for card in cards
    }


def controls(driver: webdriver.Chrome) -> dict[str, Any]:
    """The presets that are marked, the days in words, the comparison, and what a shop owner should not read."""
    shown: dict[str, Any] = driver.execute_script(
        """
        const bar = document.querySelector('.takings-bar');
        return {
          marked: [...document.querySelectorAll('[aria-current="true"]')].map(link => link.textContent),
          days: bar?.querySelector('button')?.textContent, compared: bar?.querySelector('select').value,
          sql: ['DATEADD', '≤', 'DATETIME'].filter(part => document.body.innerText.includes(part)),
          filters: [...document.querySelectorAll('[data-test="filter-bar"]')].filter(node => node.offsetParent).length,
        };
        """
    )
    return shown


def complaints(driver: webdriver.Chrome) -> list[str]:
    """Texts of error tiles, and of charts that have nothing to show."""
    boxes = [node.text for node in driver.find_elements(By.CSS_SELECTOR, BROKEN) if node.is_displayed()]
    page = driver.find_element(By.TAG_NAME, "body").text
    lines = [
        line
        for line in page.splitlines()
        if line.startswith(("No results", "No data", "Unexpected error", "Data error"))
    ]
    return [text for text in boxes if text.strip()] + lines


def clipped(driver: webdriver.Chrome) -> list[str]:
    """Titles, descriptions and numbers that are wider than their place."""
    texts: list[str] = driver.execute_script(
        """
        const wide = node => node.scrollWidth > node.clientWidth + 1;
        const pen = document.createElement('canvas').getContext('2d');
        const cut = chart => {  // a description is drawn by the style sheet: its text is measured
          const style = getComputedStyle(chart, '::before');
          pen.font = `${style.fontSize} ${style.fontFamily}`;
          return style.whiteSpace === 'nowrap' && style.content !== 'none' && style.display !== 'none'
            && pen.measureText(chart.getAttribute('aria-label') || '').width > chart.clientWidth;
        };
        return [
          ...[...document.querySelectorAll('.chart-slice .header-title, .header-line, .subtitle-line, .pop_kpi div')]
            .filter(wide).map(node => node.textContent),
          ...[...document.querySelectorAll('.chart-slice .dashboard-chart')]
            .filter(cut).map(node => node.getAttribute('aria-label')),
        ];
        """
    )
    return texts


def answers(driver: webdriver.Chrome) -> Iterator[tuple[str, int, str]]:
    """Address, status and text of every answer since the last call; files of the front end have no text."""
    for entry in driver.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        if message["method"] != "Network.responseReceived":
            continue
        response = message["params"]["response"]
        text = ""
        if "/api/" in response["url"] or "/superset/dashboard/" in response["url"]:
            try:
                request = {"requestId": message["params"]["requestId"]}
                text = driver.execute_cdp_cmd("Network.getResponseBody", request)["body"]
            except WebDriverException:  # an answer without a body, or one that the browser no longer has
                pass
        yield response["url"], response["status"], text


def screenshot(driver: webdriver.Chrome, name: str) -> Path:
    """Save the whole page, down to its last row, as <name>.png."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    path = SCREENSHOTS / f"{name}.png"
    width, height = driver.execute_script(
        "const rows = [...document.querySelectorAll('.grid-row')];"
        "return [innerWidth, Math.ceil(rows[rows.length - 1].getBoundingClientRect().bottom + 24)];"
    )
    clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
    shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip})
    path.write_bytes(base64.b64decode(shot["data"]))
    return path


def touched(driver: webdriver.Chrome, title: str) -> str:
    """What a chart over time says in its tooltips, from its left to its right."""
    return str(
        driver.execute_async_script(
            """
            const [title, ready] = arguments;
            const canvas = document.querySelector(`[data-test-chart-name="${title}"] canvas`);
            const box = canvas.getBoundingClientRect();
            const chart = canvas.closest('[data-test-chart-name]');
            const texts = new Set();
            const touch = x => {
              const at = {bubbles: true, clientX: box.left + x, clientY: box.top + box.height / 2};
              canvas.dispatchEvent(new MouseEvent('mousemove', at));
              setTimeout(() => {
                document.querySelectorAll('.echarts-tooltip, [class*="tooltip"]').forEach(n => texts.add(n.innerText));
                chart.querySelectorAll('div[style*="pointer-events: none"]').forEach(n => texts.add(n.innerText));
                x + 8 < box.width ? touch(x + 8) : ready([...texts].join('\\n'));
              }, 60);
            };
            touch(50);
            """,
            title,
        )
    )

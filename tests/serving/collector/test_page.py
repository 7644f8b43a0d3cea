"""The page of docs/guides/collector.md in a real Chromium, on another site than the web application's."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from selenium.webdriver.support.ui import WebDriverWait

from serving.app import application
from tests.serving.collector.posting import KEY, Collecting
from tests.serving.server import running
from tests.superset_assets import browser

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "guides" / "collector.md"
pytestmark = [
    pytest.mark.deep,
    pytest.mark.skipif(
        not (browser.CHROMIUM.exists() and browser.DRIVER.exists()), reason="no chromium: `make test` installs it"
    ),
]


def snippet(address: str) -> str:
    """The page's script as the guide has it, with an address and a key."""
    (script,) = re.findall(r"```js\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    return script.replace("https://numbers.example/collect", address).replace('write_key = "…"', f'write_key = "{KEY}"')


@contextmanager
def shop(script: str) -> Iterator[str]:
    """A site with the script in each of its pages; gives its address."""
    page = f"<!doctype html><title>shop</title><script>{script}</script>".encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/?utm_source=meta&utm_campaign=c1&gclid=x"
    finally:
        server.shutdown()
        server.server_close()


def test_page_of_another_site_sends_what_happens_and_forgets_what_was_confirmed(place: Collecting) -> None:
    app = application(replace(place.site, now=lambda: datetime.now(UTC)))
    with (
        running(app) as port,
        shop(snippet(f"http://127.0.0.1:{port}/collect")) as address,
        browser.chromium() as driver,
    ):
        driver.get(address)
        driver.execute_script('takings("order_submitted", {order_id: "77"})')
        waiting = "return JSON.parse(localStorage.takings_events || '[]').length"
        WebDriverWait(driver, 60).until(lambda page: page.execute_script(waiting) == 0)
        assert [entry["message"] for entry in driver.get_log("browser") if "/collect" in entry["message"]] == []
        driver.execute_script("window.fetch = () => Promise.reject()")  # the connection is lost: the beacon has it
        driver.execute_script('takings("add_to_cart")')
        driver.get("about:blank")
        WebDriverWait(driver, 60).until(lambda _: "add_to_cart" in str(place.stored()))
        driver.get(address)
        WebDriverWait(driver, 60).until(lambda page: page.execute_script(waiting) == 0)
    rows = {record["row"]["event_id"]: record["row"] for record in place.stored()}
    names = sorted(row["event_name"] for row in rows.values())
    assert names == ["add_to_cart", "order_submitted", "page_view", "page_view"]
    assert {
        (row["session_id"], row["anonymous_id"], row["utm_source"], row["utm_campaign"]) for row in rows.values()
    } == {(next(iter(rows.values()))["session_id"], next(iter(rows.values()))["anonymous_id"], "meta", "c1")}
    assert len(place.stored()) > len(rows), "what the beacon sent is sent again, with the same id"

"""The logo of a store's settings: fetched once from a public address, checked, and shown in place of none."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from semantic.reports.brand import Brand
from semantic.reports.logo import MOST_BYTES
from serving.app import application
from serving.tenant_api.branded import Branded
from serving.tenant_api.logos import Connect, Logos
from tests.serving.asgi import Client
from tests.serving.conftest import Served
from tests.serving.test_settings_page import save

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><circle cx="5" cy="5" r="4"/></svg>'
FILES = {
    "/logo.svg": (200, SVG), "/script.svg": (200, SVG.replace(b"<circle", b"<script/><circle")),
    "/moved.svg": (302, b""), "/page.html": (200, b"<html>no logo</html>"),
    "/large.svg": (200, SVG + b" " * MOST_BYTES), "/damaged.png": (200, b"\x89PNG\r\n\x1a\nhalf"),
}  # fmt: skip
SHOP = "https://shop.example.com"


class Files(BaseHTTPRequestHandler):
    """The store's web server."""

    requests: list[str]

    def do_GET(self) -> None:
        type(self).requests.append(f"{self.headers['Host']}{self.path}")
        status, content = FILES.get(self.path, (404, b""))
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/logo.svg")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def store() -> Iterator[tuple[Connect, list[str]]]:
    """How the store's server is reached, and what it was requests."""
    handler = type("Asked", (Files,), {"requests": []})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield lambda _host, _port: socket.create_connection(server.server_address[:2], 5), handler.requests
        server.shutdown()


def test_logo_is_fetched_once_and_shown_where_takings_toml_has_none(tmp_path: Path) -> None:
    with store() as (connect, requests):
        logos = Logos(tmp_path, connect)
        for _ in range(2):
            logos.follow("aurora", f"{SHOP}/logo.svg")
        assert requests == ["shop.example.com/logo.svg"]
    again = Logos(tmp_path)
    assert again.brand("aurora", Brand("Aurora")) == Brand("Aurora", logo=SVG, logo_type="image/svg+xml")
    own = Brand("Aurora", logo=b"of takings.toml")
    assert again.brand("aurora", own) == own
    again.rename("aurora", "boreal")
    assert again.of("aurora") is None and again.of("boreal")
    again.follow("boreal", None)
    assert again.of("boreal") is None


@pytest.mark.parametrize(("name", "problem"), [
    ("absent.svg", "answers 404"), ("moved.svg", "answers 302"), ("large.svg", "larger than 200 kB"),
    ("script.svg", "the picture has a <script>"), ("page.html", "the picture is not an SVG"),
    ("damaged.png", "the picture is not a PNG"),
])  # fmt: skip
def test_what_is_no_logo_is_named_and_not_shown(name: str, problem: str, tmp_path: Path) -> None:
    with store() as (connect, requests):
        logos = Logos(tmp_path, connect)
        logos.follow("aurora", f"{SHOP}/{name}")
        logo = logos.of("aurora")
        assert logo and problem in logo.problem and logo.content is None
        assert logos.brand("aurora", Brand("Aurora")).logo is None
        logos.follow("aurora", f"{SHOP}/{name}")
    assert len(requests) == 2, "what failed is tried again"


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "10.1.2.3", "169.254.169.254", "[fd00::1]", "192.168.0.1"])
def test_address_inside_a_network_is_not_asked(host: str, tmp_path: Path) -> None:
    logos = Logos(tmp_path)
    logos.follow("aurora", f"https://{host}/logo.svg")
    logo = logos.of("aurora")
    assert logo and "is not a host of the public internet" in logo.problem


def test_saved_description_and_logo_are_on_home_and_on_reports(served: Served, tmp_path: Path) -> None:
    with store() as (connect, _):
        logos = Logos(tmp_path, connect)
        site = replace(served.site, logos=logos, tenants=Branded(served.site.tenants, logos))
        owner = Client(application(site), cookies={"session": "aurora-session"})
        save(owner, logo_url=f"{SHOP}/absent.svg")
        page = owner.get("/settings").text
        assert "The logo is not shown: shop.example.com answers 404" in page
        save(owner, logo_url=f"{SHOP}/logo.svg")
    assert "The logo is shown on pages" in owner.get("/settings").text
    home, report = owner.get("/").text, owner.get("/reports/revenue-overview").text
    assert "Tents &amp; boots" in home
    assert "data:image/svg+xml;base64," in home and "data:image/svg+xml;base64," in report
    other = Client(application(site), cookies={"session": "nordlicht-session"})
    assert "data:image/svg+xml;base64," not in other.get("/").text and "Tents" not in other.get("/").text

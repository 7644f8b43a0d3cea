"""Recognizes the logins of a real Superset, and follows the links of its dashboards to the application."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
import requests

from semantic.reports import library
from serving.app import application
from serving.errors import LoginServerError
from serving.people import Person, SupersetLogins
from superset_assets import decisions
from superset_assets.defaults import Text
from tests.serving.asgi import Client
from tests.serving.conftest import Served
from tests.superset_assets.conftest import Running
from tests.superset_assets.test_logins import Browser

SHARED = re.compile(r"\]\(/takings/share/([a-z-]+)\)")


def cookie_of(superset: Running, name: str) -> str:
    """The session of a browser that logged in by the form."""
    credentials = superset.server.credentials
    browser = Browser(superset)
    assert browser.log_in(credentials.admin if name == "admin" else credentials.login(name)).status_code == 302
    return str(browser.session.cookies["session"])


@pytest.mark.parametrize(("name", "tenant", "sees_all", "may_share"), [
    ("aurora", "aurora", False, True), ("nordlicht", "nordlicht", False, True), ("maria", "aurora", False, False),
    ("ola", None, True, False), ("admin", None, True, True),
])  # fmt: skip
def test_login_is_recognized_with_its_tenant(
    superset: Running, name: str, tenant: str | None, sees_all: bool, may_share: bool
) -> None:
    logins = SupersetLogins(superset.server.url)
    assert logins.person(cookie_of(superset, name)) == Person(name, tenant, sees_all, may_share)


def test_logout_and_forged_sessions_are_nobody(superset: Running) -> None:
    logins = SupersetLogins(superset.server.url)
    cookie = cookie_of(superset, "aurora")
    assert logins.person(cookie)
    for forged in ("", "x", cookie[:-1], cookie.swapcase(), "a; session=b", "a\r\nX: b"):
        assert logins.person(forged) is None, forged
    requests.get(f"{superset.server.url}/logout/", headers={"Cookie": f"session={cookie}"}, timeout=60)
    assert logins.person(cookie) is None


def test_login_sees_the_dashboards_of_its_navigation(superset: Running) -> None:
    seen = SupersetLogins(superset.server.url).dashboards(cookie_of(superset, "aurora"))
    assert ("Store Performance", "/superset/dashboard/store-performance/") in {(item.title, item.path) for item in seen}
    assert len(seen) == len(decisions.read().dashboards)


def test_pages_know_the_logins_of_superset(superset: Running, served: Served) -> None:
    site = replace(served.site, logins=SupersetLogins(superset.server.url))
    app = application(site)
    owner, colleague = (Client(app, cookies={"session": cookie_of(superset, name)}) for name in ("aurora", "nordlicht"))
    assert "Aurora Outdoor" in owner.get("/?tenant=nordlicht").text
    assert "Nordlicht" in colleague.get("/").text and "Aurora" not in colleague.get("/").text
    assert owner.get("/share").status == 200


def test_superset_that_does_not_answer_is_an_error_and_no_login() -> None:
    with pytest.raises(LoginServerError, match="does not answer"):
        SupersetLogins("http://127.0.0.1:9").person("x")


def leads(superset: Running, path: str, host: str | None = None) -> tuple[int, str | None]:
    headers = {"Host": host} if host else {}
    answer = requests.get(f"{superset.server.url}{path}", headers=headers, allow_redirects=False, timeout=60)
    return answer.status_code, answer.headers.get("location")


def test_share_links_of_dashboards_lead_to_the_application(superset: Running) -> None:
    web = f"http://127.0.0.1{superset.server.web}"
    assert leads(superset, "/takings/share/revenue-overview") == (302, f"{web}/share?report=revenue-overview")
    assert leads(superset, "/takings/share/") == (302, f"{web}/")
    assert leads(superset, "/takings/settings") == (302, f"{web}/settings")
    assert leads(superset, "/takings/share/x", "localhost:1")[1] == f"{web}/share?report=x".replace(
        "127.0.0.1", "localhost"
    )
    assert leads(superset, "/takings/share/x", "evil.example")[1] == f"{web}/share?report=x"
    assert leads(superset, "/takings/share/X%0d%0aY")[0] == 404
    assert leads(superset, "/takings/share/a%2f%2fevil.example")[0] == 404


@pytest.fixture(scope="module")
def tiles() -> Iterator[dict[str, list[str]]]:
    """The reports that each dashboard's tile names."""
    yield {
        name: [
            report
            for row in board.rows.values()
            for tile in row
            if isinstance(tile, Text)
            for report in SHARED.findall(tile.text)
        ]
        for name, board in decisions.read().dashboards.items()
    }


def test_every_dashboard_shares_reports_that_exist(tiles: dict[str, list[str]]) -> None:
    assert [name for name, reports in tiles.items() if not reports] == []
    assert {report for reports in tiles.values() for report in reports} <= set(library.built_in())


def test_every_report_can_be_shared_from_a_dashboard(tiles: dict[str, list[str]]) -> None:
    from serving.reader import EXPORTS

    assert set(library.built_in()) - EXPORTS <= {report for reports in tiles.values() for report in reports}

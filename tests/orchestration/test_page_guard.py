"""Dagster's pages answer the administrator's own browser only. The pages are real, over a workspace without code."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import dagster as dg
import pytest
import requests
import uvicorn
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from orchestration import dagster_run, servers
from orchestration.home import Home
from superset_assets.process import Credentials, Login

MUTATION = 'mutation { setConcurrencyLimit(concurrencyKey: "attack", limit: 1) }'
SUBSCRIPTION = 'subscription { capturedLogs(logKey: ["a", "b"]) { stdout } }'


@dataclass
class Pages:
    """The running pages, with the logins of the administrator and an operator, and Dagster's storage behind them."""

    port: int
    login: Login
    operator: Login
    instance: dg.DagsterInstance

    @property
    def auth(self) -> tuple[str, str]:
        return self.login.username, self.login.password

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def limits(self) -> set[str]:
        """What the mutation changes."""
        return set(self.instance.event_log_storage.get_concurrency_keys())


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pages]:
    home, port = Home(tmp_path_factory.mktemp("home")), servers.free_port()
    # two seconds, which each worker would need to collect the tests
    from dagster._core.workspace.context import WorkspaceProcessContext
    from dagster._core.workspace.load_target import EmptyWorkspaceTarget

    from orchestration import dagster_pages

    with (
        pytest.MonkeyPatch.context() as environment,
        dg.DagsterInstance.from_config(str(dagster_run.dagster_home(home))) as instance,
        WorkspaceProcessContext(instance, EmptyWorkspaceTarget()) as context,
    ):
        environment.setenv("TAKINGS_HOME", str(home.root))
        operator = Credentials(home.superset / "credentials.json").login("ola")
        app = dagster_pages.pages(context, ["ola", "without a login yet"])
        server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield Pages(port, Credentials(home.superset / "credentials.json").admin, operator, instance)
        finally:
            server.should_exit = True
            thread.join()


def test_administrator_reads_pages_and_may_change_something(pages: Pages) -> None:
    page = requests.get(pages.url, auth=pages.auth, timeout=10)
    assert page.ok and "Dagster" in page.text
    own = {"Origin": pages.url}
    query = {"query": MUTATION.replace("attack", "own")}
    answer = requests.post(f"{pages.url}/graphql", json=query, headers=own, auth=pages.auth, timeout=10)
    assert answer.json() == {"data": {"setConcurrencyLimit": True}}
    assert "own" in pages.limits()


def test_operator_reads_pages_with_its_own_password_only(pages: Pages) -> None:
    own, mixed = (pages.operator.username, pages.operator.password), ("ola", pages.login.password)
    assert requests.get(pages.url, auth=own, timeout=10).ok
    assert requests.get(pages.url, auth=mixed, timeout=10).status_code == 401


def test_login_is_asked_for_once(pages: Pages) -> None:
    session = requests.Session()
    assert session.get(pages.url, timeout=10).status_code == 401
    session.get(pages.url, auth=pages.auth, timeout=10)
    assert session.get(f"{pages.url}/server_info", timeout=10).ok
    (cookie,) = session.cookies
    assert cookie.has_nonstandard_attr("HttpOnly") and cookie.get_nonstandard_attr("SameSite") == "Strict"


@pytest.mark.parametrize("login", [None, ("admin", ""), ("admin", "wrong"), ("aurora", "wrong")])
@pytest.mark.parametrize("path", ["/", "/server_info", "/graphql", "/logs/x.err", "/report_asset_materialization/x"])
def test_without_the_login_every_page_is_refused(pages: Pages, path: str, login: tuple[str, str] | None) -> None:
    for method in ("GET", "POST"):
        answer = requests.request(method, pages.url + path, json={"query": MUTATION}, auth=login, timeout=10)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic")
    assert "attack" not in pages.limits()


FOREIGN: dict[str, dict[str, str]] = {
    "a name of another site for this machine": {"Host": "evil.example:3000"},
    "a name that begins like ours": {"Host": "127.0.0.1.evil.example"},
    "no name": {"Host": ""},
    "another site": {"Origin": "https://evil.example"},
    "a page without an origin": {"Origin": "null"},
    "another server of this machine": {"Origin": "http://127.0.0.1:1"},
    "another scheme": {"Origin": "https://127.0.0.1"},
}


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
def test_foreign_page_with_the_administrators_login_is_refused(pages: Pages, headers: dict[str, str]) -> None:
    for options in ({"json": {"query": MUTATION}}, {"params": {"query": MUTATION}, "data": "x"}):
        answer = requests.post(f"{pages.url}/graphql", headers=headers, auth=pages.auth, timeout=10, **options)  # type: ignore[arg-type]
        assert answer.status_code in {400, 403}
    assert "attack" not in pages.limits()


@pytest.mark.parametrize("accept", ["*/*", "application/json", "image/avif,image/webp,*/*"])
def test_address_of_a_link_or_picture_changes_nothing(pages: Pages, accept: str) -> None:
    """A browser sends no origin with it, but the login."""
    answer = requests.get(
        f"{pages.url}/graphql", params={"query": MUTATION}, headers={"Accept": accept}, auth=pages.auth, timeout=10
    )
    assert answer.status_code == 405
    assert "attack" not in pages.limits()


def subscribe(pages: Pages, **headers: str) -> dict[str, Any]:
    """The first answer to a subscription, as the pages ask for it."""
    address = f"ws://127.0.0.1:{pages.port}/graphql"
    with connect(address, subprotocols=["graphql-ws"], additional_headers=headers) as socket:  # type: ignore[list-item]
        socket.send(json.dumps({"type": "connection_init"}))
        assert json.loads(socket.recv(10)) == {"type": "connection_ack"}
        socket.send(json.dumps({"type": "start", "id": "1", "payload": {"query": SUBSCRIPTION}}))
        answer: dict[str, Any] = json.loads(socket.recv(10))
        return answer


def cookies(pages: Pages) -> str:
    session = requests.Session()
    session.get(pages.url, auth=pages.auth, timeout=10)
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in session.cookies)


def test_open_page_gets_its_subscriptions(pages: Pages) -> None:
    answer = subscribe(pages, Cookie=cookies(pages), Origin=pages.url)
    assert answer["type"] == "data" and "capturedLogs" in answer["payload"]["data"]


def test_websocket_of_a_foreign_page_or_without_login_is_refused(pages: Pages) -> None:
    cookie = cookies(pages)
    for headers, status in (
        ({"Cookie": cookie, "Origin": "https://evil.example"}, 403),
        ({"Cookie": cookie.replace("=", "=x"), "Origin": pages.url}, 401),
        ({"Origin": pages.url}, 401),
    ):
        with pytest.raises(InvalidStatus) as refused:
            subscribe(pages, **headers)
        assert refused.value.response.status_code == status

"""Every started process ends: at a signal, when a closer fails, and with its own children.

The dashboards are served without Dagster where it does not start, and passwords appear on a terminal only.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from orchestration import servers, settings, superset
from orchestration.settings import Settings
from superset_assets.process import Credentials
from tests.orchestration.installation import Installation


@pytest.fixture(autouse=True)
def signals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A folder for the logs; an unhandled signal fails the test instead of ending pytest."""

    def unhandled(number: int, _: Any) -> None:
        raise AssertionError(f"nobody handles signal {number}")

    monkeypatch.setenv("TAKINGS_HOME", str(tmp_path))
    before = {number: signal.signal(number, unhandled) for number in (signal.SIGHUP, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def silent(child: Any) -> bool:
    """Whether no process holds the pipe: the child and its own children have ended."""
    with child.stdout as pipe:
        ready, _, _ = select.select([pipe], [], [], 5)
        return bool(ready) and pipe.read() == ""


@pytest.mark.parametrize("number", servers.TERMINATION)
def test_closing_the_terminal_ends_the_child_processes(number: signal.Signals) -> None:
    closed: list[str] = []
    with pytest.raises(SystemExit) as ended, servers.Children() as children:
        children.on_exit(lambda: closed.append("all"))
        children.on_exit(lambda: os.kill(os.getpid(), number))  # a second time, while closing
        os.kill(os.getpid(), number)
    assert ended.value.code == 128 + number
    assert closed == ["all"]


def test_process_started_by_nohup_ignores_a_closed_terminal() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with servers.Children():
        os.kill(os.getpid(), signal.SIGHUP)
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


@pytest.mark.parametrize("number", [signal.SIGINT, *servers.TERMINATION])
def test_wait_ends_at_each_termination_signal(number: signal.Signals) -> None:
    with servers.Children():
        timer = threading.Timer(0.1, os.kill, (os.getpid(), number))
        timer.start()
        servers.wait_for_the_end()
        timer.join()


def test_failing_closer_does_not_skip_the_others() -> None:
    closed: list[int] = []

    def fail() -> None:
        raise ProcessLookupError

    with pytest.raises(ProcessLookupError), servers.Children() as children:
        children.on_exit(lambda: closed.append(1))
        children.on_exit(fail)
        children.on_exit(lambda: closed.append(2))
    assert closed == [2, 1]


@pytest.mark.parametrize("then", ["wait", "exit"])
def test_child_ends_together_with_its_own_children(then: str) -> None:
    with servers.Children() as children:
        child = children.start("family", ["sh", "-c", f"sleep 60 & echo ready; {then}"])
        assert child.stdout
        assert child.stdout.readline() == "ready\n"
    assert silent(child)


def test_superset_that_ran_before_serve_keeps_running_after_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Found:
        """A Superset that another terminal started."""

        started = stopped = False

        def start(self) -> bool:
            return self.started

        def wait_ready(self) -> None: ...

        def stop(self) -> None:
            self.stopped = self.started

    server = Found()
    printed: list[str] = []
    monkeypatch.setattr(superset, "server", lambda _: server)
    monkeypatch.setattr(servers, "show", lambda _settings, _children, console: None)
    monkeypatch.setattr(servers.Console, "print", lambda _, *what, **__: printed.extend(map(str, what)))
    settings: Any = type("Settings", (), {"home": tmp_path})
    servers.serve(settings)
    assert not server.stopped
    assert any("continues when this command ends" in line for line in printed)


class Failing(servers.Children):
    """Child processes of which each ends at once with code 3."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def start(self, name: str, *_: Any) -> subprocess.Popen[str]:
        self.names.append(name)
        return super().start(name, [sys.executable, "-c", "raise SystemExit(3)"], {})


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of two tenants; nothing waits for Ctrl-C."""
    text = '[[tenants]]\nid = "{0}"\nname = "{0}"\ntime_zone = "UTC"\ncurrency = "EUR"\n'
    text += '[[tenants.sources]]\nkind = "files"\naccount = "{0}"\npath = "{0}"\n'
    servers_of_its_own = f"[serving]\nport = {servers.free_port()}\n"
    (tmp_path / "takings.toml").write_text("".join(map(text.format, ("aurora", "nordlicht"))) + servers_of_its_own)
    monkeypatch.setenv("TAKINGS_CONFIG", str(tmp_path / "takings.toml"))
    monkeypatch.setattr(servers, "wait_for_the_end", lambda _: None)
    return settings.load()


def shown(configured: Settings, children: servers.Children, *, terminal: bool = False) -> str:
    """What `show` prints, on a terminal or into a file."""
    main, other = os.openpty() if terminal else os.pipe()
    with open(other, "w") as file, children:  # noqa: PTH123 - a file descriptor
        servers.show(configured, children, servers.Console(file=file, width=1000))
    parts = []
    with contextlib.suppress(OSError):  # the end of a terminal
        while part := os.read(main, 100_000):
            parts.append(part)
    os.close(main)
    return b"".join(parts).decode()


def test_dashboards_are_served_where_dagster_ends_while_starting(configured: Settings) -> None:
    began, children = time.monotonic(), Failing()
    text = shown(configured, children)
    assert children.names == ["web", "dagster", "dagster-daemon"], "the schedule goes on without the pages"
    assert "warning: The web application did not start: its process ended with code 3" in text and "web.log" in text
    assert "warning: Dagster did not start: its process ended with code 3" in text and "dagster.log" in text
    assert "/superset/dashboard/executive-summary/" in text and "/asset-groups" not in text
    assert time.monotonic() - began < servers.START_TIMEOUT / 2


def test_dashboards_are_served_where_dagsters_port_is_taken(configured: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        dagster = configured.dagster.model_copy(update={"port": port})
        text = shown(configured.model_copy(update={"dagster": dagster}), Failing())
    assert f"warning: Dagster cannot start: another program listens on port {port}" in text
    assert "/superset/dashboard/executive-summary/" in text


def test_dashboards_are_served_where_the_port_of_report_pages_is_taken(configured: Settings) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", configured.serving.port))
        other.listen()
        children = Failing()
        text = shown(configured, children)
    assert (
        f"warning: The web application cannot start: another program listens on port {configured.serving.port}" in text
    )
    assert "`port` under [serving] in " in text and "/superset/dashboard/executive-summary/" in text
    assert "web" not in children.names


def test_report_pages_answer_and_end_with_the_command(configured: Settings) -> None:
    with servers.Children() as children:
        url = servers.start_web(configured, children)
        assert requests.get(f"{url}/robots.txt", timeout=10).text == "User-agent: *\nDisallow: /\n"
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=10)


def test_passwords_are_shown_on_a_terminal_only(configured: Settings) -> None:
    credentials = Credentials(configured.home / "superset" / "credentials.json")
    passwords = [credentials.login(name).password for name in ("admin", *(item.id for item in configured.tenants))]
    text = shown(configured, Failing())
    assert not [password for password in passwords if password in text]
    assert str(credentials.path) in text
    text = shown(configured, Failing(), terminal=True)
    assert [password for password in passwords if password not in text] == []


def test_login_that_superset_does_not_know_yet_is_not_shown(configured: Settings) -> None:
    credentials = Credentials(configured.home / "superset" / "credentials.json")
    credentials.login("admin")
    assert "nordlicht" not in shown(configured, Failing(), terminal=True)
    assert not credentials.has("nordlicht"), "the next grant would take it for a login that exists"


class Later(servers.Children):
    """A daemon that starts and ends with code 4."""

    def __init__(self) -> None:
        super().__init__()
        self.daemon: subprocess.Popen[str] | None = None

    def start(self, name: str, *_: Any) -> subprocess.Popen[str]:
        self.daemon = super().start(name, [sys.executable, "-c", "raise SystemExit(4)"], {})
        return self.daemon


def test_daemon_that_ends_later_is_a_warning_and_said_once(
    configured: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    children = Later()

    def wait(every_second: Any) -> None:
        assert children.daemon
        children.daemon.wait(30)
        every_second()
        every_second()

    monkeypatch.setattr(servers, "start_pages", lambda *_: "http://127.0.0.1:1")
    monkeypatch.setattr(servers, "wait_for_the_end", wait)
    text = shown(configured, children)
    assert (
        text.count(
            "warning: dagster-daemon ended with code 4: the schedule does not run, and nothing is sent. Its log: "
        )
        == 1
    )
    assert text.index("/superset/dashboard/executive-summary/") < text.index("Lineage and runs")


@pytest.mark.deep  # Dagster takes 20 seconds to start
def test_dagster_shows_the_job_to_the_administrator(
    configured: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Installation(tmp_path).prepare()
    monkeypatch.setenv("TAKINGS_HOME", str(tmp_path / "state"))
    admin = Credentials(tmp_path / "state" / "superset" / "credentials.json").admin
    dagster = configured.dagster.model_copy(update={"port": servers.free_port()})
    with servers.Children() as children:
        configuration = settings.load().model_copy(update={"dagster": dagster})
        url = servers.start_pages(configuration, children)
        servers.start_daemon(configuration, children)
        query = {"query": "{ repositoriesOrError { ... on RepositoryConnection { nodes { jobs { name } } } } }"}
        answer = requests.post(f"{url}/graphql", json=query, auth=(admin.username, admin.password), timeout=60).json()
        assert "refresh" in [job["name"] for job in answer["data"]["repositoriesOrError"]["nodes"][0]["jobs"]]

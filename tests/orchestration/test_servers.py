"""Every started process ends: at a signal, when a closer fails, and with its own children."""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestration import servers, superset


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
    said: list[str] = []
    monkeypatch.setattr(superset, "server", lambda _: server)
    monkeypatch.setattr(servers, "show", lambda _settings, _children, console: None)
    monkeypatch.setattr(servers.Console, "print", lambda _, *what, **__: said.extend(map(str, what)))
    settings: Any = type("Settings", (), {"home": tmp_path})
    servers.serve(settings)
    assert not server.stopped
    assert any("continues when this command ends" in line for line in said)

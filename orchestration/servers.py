"""Starts and ends Superset, the web application, Dagster and, in the demo, the simulated shops, all on 127.0.0.1.

Child processes end when this process ends, by their process ids, in reverse order of their start.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from typing import Any

import requests
from rich.console import Console

from common.errors import ConfigurationError, StopError, TakingsError
from orchestration import builds, dagster_run, sharing, superset
from orchestration.home import Home
from orchestration.settings import CHECKOUT, Settings, config_path, home
from superset_assets.process import Credentials, end_group

START_TIMEOUT = 90.0  # seconds
LOST = {"dagster-daemon": "the schedule does not run, and nothing is sent", "web": "report pages and links do not open"}
TERMINATION = (signal.SIGTERM, signal.SIGHUP)  # SIGHUP: the terminal was closed


class Children:
    """Child processes, and other things to close when this process ends."""

    def __init__(self) -> None:
        self._closers = ExitStack()  # in reverse order; one that fails does not stop the others
        self._before: dict[signal.Signals, Any] = {}
        self._running: dict[str, subprocess.Popen[str]] = {}

    def __enter__(self) -> Children:
        self._before = {number: signal.getsignal(number) for number in (signal.SIGINT, *TERMINATION)}
        _handle(TERMINATION, lambda number, _: sys.exit(128 + number))  # so that the closers run
        return self

    def __exit__(self, *_: object) -> None:
        _handle(self._before, signal.SIG_IGN)  # a closed terminal sends SIGHUP twice: do not interrupt the closers
        try:
            self._closers.close()
        finally:
            for number, handler in self._before.items():
                signal.signal(number, handler or signal.SIG_DFL)

    def on_exit(self, close: Callable[[], object]) -> None:
        """Call `close` when this process ends."""
        self._closers.callback(close)

    def start(
        self, name: str, arguments: list[str], environment: dict[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Start a child process. Its stderr goes to logs/<name>.log, its stdout too where `environment` is given."""
        logs = Home(home()).logs
        logs.mkdir(parents=True, exist_ok=True)
        with (logs / f"{name}.log").open("a") as log:
            child = subprocess.Popen(  # noqa: S603 - our own commands
                arguments, stdout=subprocess.PIPE if environment is None else log, stderr=log,
                stdin=subprocess.DEVNULL, text=True, cwd=CHECKOUT, start_new_session=True,
                env={**os.environ, **(environment or {})},
            )  # fmt: skip
        self.on_exit(lambda: end_group(child))
        self._running[name] = child
        return child

    def newly_ended(self) -> list[tuple[str, int]]:
        """The child processes that ended since the last call: names and exit codes."""
        ended = [(name, child.returncode) for name, child in self._running.items() if child.poll() is not None]
        for name, _ in ended:
            del self._running[name]
        return ended

    def start_simulator(
        self, arguments: list[str], meanwhile: Callable[[], object] = lambda: None
    ) -> dict[str, Any]:  # fmt: skip
        """Start the simulated shops on a free port; returns their description. Calls `meanwhile` while they start."""
        child = self.start(
            "simulator", [sys.executable, "-m", "orchestration.cli", "simulate", "--port", "0", *arguments]
        )
        meanwhile()
        line = child.stdout.readline() if child.stdout else ""
        if not line:
            log_file = Home(home()).logs / "simulator.log"
            log = log_file.read_text().strip().splitlines()
            why = log[-1].removeprefix("takings: ") if log else "no reason given"
            raise StopError("The simulated shops did not start", why, f"Their log: {log_file}")
        shops: dict[str, Any] = json.loads(line)
        return shops


def serve(settings: Settings) -> None:
    """Serve Superset, the web application and Dagster until interrupted."""
    console = Console(stderr=True)
    with Children() as children:
        server = superset.server(settings)
        children.on_exit(server.stop)  # ends only a server that this process started
        with console.status("starting Superset"):
            started = server.start()
            server.wait_ready()
        if not started:
            console.print("Superset was running already, and continues when this command ends.", soft_wrap=True)
        if builds.about(Home(settings.home), builds.DUCKDB):
            superset.apply(settings)
        show(settings, children, console)


def show(settings: Settings, children: Children, console: Console, links: Sequence[str] = ()) -> None:
    """Print addresses and logins of the dashboards, start what is beside them, and wait for Ctrl-C.

    links: lines about share links, printed when the web application answers. A web application or a Dagster that does
    not start, or ends later, is a warning.
    """
    address = superset.address(settings)
    titles = sorted(superset.dashboard_titles().items(), key=lambda item: item[0] != "home")
    lines = [f"  {title:22} {address}/superset/dashboard/{slug}/" for slug, title in titles]
    lines += ["", *logins(settings, on_terminal=console.file.isatty()), ""]
    _print(console, "", *lines)
    with console.status("starting the report pages"):
        web = _attempt(start_web, settings, children, console)
    if web:
        _print(console, f"  {'Reports and links':22} {web}", *links, "")
    with console.status("starting Dagster; the dashboards can be used already"):
        dagster = _attempt(start_pages, settings, children, console)
        _attempt(start_daemon, settings, children, console)
    if dagster:
        _print(console, f"  {'Lineage and runs':22} {dagster}/asset-groups", "")
    _print(console, f"  Ctrl-C ends it; everything is kept under {settings.home}")
    reported = {name for name, url in (("web", web), ("dagster", dagster)) if not url}
    wait_for_the_end(lambda: _report_ended(children, console, reported))


def _print(console: Console, *lines: str) -> None:
    console.print(*lines, sep="\n", highlight=False, markup=False, soft_wrap=True)


def _report_ended(children: Children, console: Console, reported: set[str]) -> None:
    """Warn of a process that ended by itself: without Dagster's daemon no schedule runs."""
    for name, code in children.newly_ended():
        if name in reported:
            continue
        lost = LOST.get(name, "its pages do not answer")
        console.print(
            f"warning: {name} ended with code {code}: {lost}. Its log: {Home(home()).logs / f'{name}.log'}. "
            "Start this command again.",
            style="yellow", highlight=False, markup=False, soft_wrap=True,
        )  # fmt: skip


def logins(settings: Settings, *, on_terminal: bool) -> list[str]:
    """A line for each login. Passwords are shown on a terminal only: a log or a pipe keeps them for other readers."""
    credentials = Credentials(Home(settings.home).superset / "credentials.json")
    colleagues = (login.name for tenant in settings.tenants for login in tenant.logins)
    users = ("admin", *(tenant.id for tenant in settings.tenants), *colleagues, *settings.superset.operators)
    names = [
        name for name in users if credentials.has(name)
    ]  # before the first publish there is only the administrator
    if not on_terminal:
        return [f"  log in as {', '.join(names)}; the passwords are in {credentials.path}"]
    return [
        *(f"  log in as {name:16} password {credentials.login(name).password}" for name in names),
        "  A tenant that has set a password of its own uses that one.",
    ]


def wait_for_the_end(every_second: Callable[[], object] = lambda: None) -> None:
    """Return at Ctrl-C or a request to end; until then call `every_second`.

    The handlers are set here, since Dagster sets its own while it starts.
    """
    ended = threading.Event()
    _handle((signal.SIGINT, *TERMINATION), lambda *_: ended.set())
    while not ended.wait(1.0):
        every_second()


def _attempt(
    start: Callable[[Settings, Children], str], settings: Settings, children: Children, console: Console
) -> str:
    """What `start` returns; a failure is a warning, since the dashboards need nothing of it."""
    try:
        return start(settings, children)
    except (TakingsError, OSError) as error:
        console.print(
            f"warning: {error}\nThe dashboards are served without it.",
            style="yellow", highlight=False, markup=False, soft_wrap=True,
        )  # fmt: skip
        return ""


def start_web(settings: Settings, children: Children) -> str:
    """Start the web application; returns its address for people. Raises TakingsError."""
    port = settings.serving.port
    refuse_taken(port, "The web application", f"`port` under [serving] in {config_path()}")
    environment = {"TAKINGS_CONFIG": str(config_path()), "TAKINGS_HOME": str(home())}
    child = children.start("web", [sys.executable, "-m", "orchestration.web", str(port)], environment)
    _wait_for(child, f"http://127.0.0.1:{port}/health", 200, "The web application", "web")
    return sharing.address(settings)


def start_pages(settings: Settings, children: Children) -> str:
    """Start Dagster's pages; returns their address. Raises TakingsError."""
    port = settings.dagster.port or free_port()
    refuse_taken(port, "Dagster", f"`port` under [dagster] in {config_path()}")
    pages = children.start("dagster", [sys.executable, "-m", "orchestration.dagster_pages", str(port)], _dagster())
    url = f"http://127.0.0.1:{port}"
    _wait_for(pages, f"{url}/server_info", 401, "Dagster", "dagster")  # the guard asks for the login
    return url


def _wait_for(child: subprocess.Popen[str], url: str, status: int, name: str, log: str) -> None:
    """Return when a child process answers. Raises StopError."""
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline and child.poll() is None:
        try:
            if requests.get(url, timeout=2).status_code == status:
                return
        except requests.RequestException:
            pass
        time.sleep(0.3)
    ended = f"its process ended with code {child.returncode}" if child.poll() is not None else ""
    raise StopError(
        f"{name} did not start",
        ended or f"it did not answer at {url} within {START_TIMEOUT:.0f} s",
        f"Its log: {Home(home()).logs / f'{log}.log'}",
    )


def start_daemon(_: Settings, children: Children) -> str:
    """Start the daemon that runs the schedule, after the pages: only one of both may make Dagster's tables."""
    command = [sys.executable, "-m", "dagster._daemon", "run", "-m", "orchestration.definitions"]
    children.start("dagster-daemon", command, _dagster())
    return ""


def _dagster() -> dict[str, str]:
    """The environment of both."""
    where = dagster_run.dagster_home(Home(home()))
    return {"DAGSTER_HOME": str(where), "TAKINGS_CONFIG": str(config_path()), "TAKINGS_HOME": str(home())}


def refuse_taken(port: int, name: str, setting: str) -> None:
    """Raise ConfigurationError where another program listens on `port`."""
    if taken(port):
        raise ConfigurationError(
            f"{name} cannot start",
            f"another program listens on port {port}",
            f"End it, or choose another port with {setting}",
        )


def taken(port: int) -> bool:
    """Whether a program listens on `port`."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """A port on which no program listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _handle(numbers: Iterable[signal.Signals], handler: Any) -> None:
    """Set the handler of these signals, except for an ignored SIGHUP: `nohup` relies on that."""
    for number in numbers:
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)

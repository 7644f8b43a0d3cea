"""Superset's process: prepare its metadata, start it, wait until it answers, stop it.

    server = Server(home, published, port=8088)
    server.start(progress)        # bootstrap (16 s cold, a copy when warm), then gunicorn as a child
    server.wait_ready(progress)   # /login/ answers
    server.url, server.credentials.admin
    server.stop()                 # a server that this object did not start goes on

`progress(done, total, detail)` is called with small integers and a line to show. Superset's code and ours never import
each other: they communicate by environment variables, files and HTTP.
"""

import json
import os
import secrets
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from superset_assets.errors import (
    CredentialsError,
    EnvironmentMissingError,
    OtherPortError,
    PortInUseError,
    StartFailedError,
)

Progress = Callable[[int, int, str], None]
SERVER = Path(__file__).resolve().parent / "server"
DEFAULT_PYTHON = SERVER / ".venv" / "bin" / "python"
STEPS = 6
MOST_WORKERS = 2  # beside builds and the web application; each answers on one core at a time
LEFTOVERS = 3.0  # seconds that child processes may outlive their server
# The environment variables that Superset gets: no shop's token, and of our settings only the folder of templates.
PASSED_ON = frozenset((
    "PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "TAKINGS_SUPERSET_TEMPLATES",
))  # fmt: skip


def quiet(count: int, total: int, detail: str) -> None:
    """A progress callback that shows nothing."""


@dataclass(frozen=True)
class Login:
    """A user name with its password."""

    username: str
    password: str


def generated(username: str) -> Login:
    """A new login with a random password."""
    return Login(username, secrets.token_urlsafe(12))


class Credentials:
    """The generated logins in `<home>/credentials.json` (mode 0600): the admin's and one per tenant."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def admin(self) -> Login:
        return self.login("admin")

    def login(self, username: str) -> Login:
        """This user's login; the first call generates and stores a password. Raises CredentialsError."""
        if not self.has(username):
            self.store(generated(username))
        return Login(username, self._read()[username]["password"])

    def has(self, username: str) -> bool:
        """Whether a password was generated for this user. Raises CredentialsError."""
        return username in self._read()

    def store(self, login: Login) -> None:
        """Write a login, in place of an earlier one of the same user. Raises CredentialsError."""
        self._write({**self._read(), login.username: {"username": login.username, "password": login.password}})

    def _read(self) -> dict[str, dict[str, str]]:
        if not self.path.exists():
            return {}
        try:
            logins: dict[str, dict[str, str]] = json.loads(self.path.read_bytes())
            if all(isinstance(login["password"], str) for login in logins.values()):
                return logins
        except (ValueError, TypeError, KeyError, AttributeError):
            pass
        raise CredentialsError(
            f"{self.path} is damaged",
            "it is not JSON of logins with their passwords",
            "Put back a copy of it; or stop Superset, remove the file and start Superset again, which makes new "
            "passwords and sets them",
        )

    def _write(self, logins: dict[str, dict[str, str]]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(f".{os.getpid()}.partial")
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(logins, file, indent=2)
        partial.replace(self.path)


class Server:
    """One Superset on 127.0.0.1.

    home: folder of its metadata, secrets, caches, logs (created with mode 0700). published: the folder that holds
    `current`; it may still be empty at start. python: the interpreter of Superset's environment. https: whether
    browsers reach it by https, through a web server in front. web: where "Share and export" leads, as in
    server/share.py. workers: the processes that answer; by default two, or one where the machine has one core.
    """

    def __init__(
        self,
        home: Path,
        published: Path,
        port: int = 8088,
        python: Path = DEFAULT_PYTHON,
        *,
        https: bool = False,
        web: str = "",
        workers: int | None = None,
    ) -> None:
        self.home, self.published, self.port, self.python = home.resolve(), published.absolute(), port, python
        self.https, self.web, self.workers = https, web, workers or min(MOST_WORKERS, os.cpu_count() or 1)
        self.credentials = Credentials(self.home / "credentials.json")
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        return self.home / "logs" / "superset.log"

    @property
    def pid_file(self) -> Path:
        return self.home / "superset.pid"

    @property
    def port_file(self) -> Path:
        return self.home / "superset.port"

    def start(self, progress: Progress = quiet) -> bool:
        """Prepare the metadata and start the server; returns False when it runs already.

        Raises EnvironmentMissingError, OtherPortError, PortInUseError, CredentialsError, StartFailedError.
        """
        if not self.python.exists():
            raise EnvironmentMissingError(
                "Superset's own environment, which is separate from the project's, is missing",
                f"there is no {self.python}",
                "Run `make demo`, which installs it once",
            )
        if self.running():
            progress(STEPS, STEPS, f"Superset already runs at {self.url}")
            return False
        self._refuse_taken_port()
        for folder in (self.home, self.log.parent, self.home / "cache"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.credentials.login("admin")
        self._bootstrap(progress)
        progress(4, STEPS, "starting Superset")
        self.port_file.write_text(str(self.port))
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(  # noqa: S603 (our own interpreter)
                [
                    str(self.python), "-m", "gunicorn", "-c", str(SERVER / "processes.py"), "-w", str(self.workers),
                    "--threads", "8", "-k", "gthread", "--timeout", "120",
                    "--bind", f"127.0.0.1:{self.port}", "--pid", str(self.pid_file),
                    "superset.app:create_app()",
                ],
                env=self._environment(), cwd=self.home, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                start_new_session=True,
            )  # fmt: skip
        return True

    def wait_ready(self, progress: Progress = quiet, timeout: float = 180) -> None:
        """Return when /login/ answers 200 (/health does so before the application works). Raises StartFailedError."""
        begin = time.monotonic()
        while not self._answers():
            waited = time.monotonic() - begin
            if self._child is not None and self._child.poll() is not None:
                raise StartFailedError(
                    self._failure(f"Superset ended with code {self._child.returncode} while starting.")
                )
            if waited > timeout:
                raise StartFailedError(self._failure(f"Superset did not answer within {timeout:.0f} s."))
            progress(5, STEPS, f"waiting for Superset ({waited:.0f} s)")
            time.sleep(0.25)
        progress(STEPS, STEPS, f"Superset is ready at {self.url}")

    def stop(self, timeout: float = 10) -> None:
        """Stop the server that this object started, if there is one. Another object's server is left alone."""
        if self._child is None:
            return
        end_group(self._child, timeout)
        self.pid_file.unlink(missing_ok=True)
        self._child = None

    def running(self) -> bool:
        """Whether this home's server runs (it may not answer yet). Raises OtherPortError when on another port."""
        pid = self._pid()
        if pid is None:
            return False
        port = self.port_file.read_text() if self.port_file.exists() else str(self.port)
        if port != str(self.port):
            raise OtherPortError(
                f"The Superset of {self.home} runs on port {port} (process {pid}), not on {self.port}",
                next_step=f"Use port {port}, or stop it: with Ctrl-C where it was started, or with `kill {pid}`",
            )
        return True

    def flush_data_cache(self) -> int:
        """Delete every cached chart answer (after a publish); returns the number of deleted files.

        The server looks into this folder at each request.
        """
        deleted = 0
        for path in (self.home / "cache" / "data").glob("*"):
            if path.is_file():
                path.unlink(missing_ok=True)
                deleted += 1
        return deleted

    def _bootstrap(self, progress: Progress) -> None:
        command = [str(self.python), str(SERVER / "bootstrap.py")]
        with (
            self.log.open("ab") as log,
            subprocess.Popen(  # noqa: S603 (our own interpreter)
                command, env=self._environment(), cwd=self.home, stdout=subprocess.PIPE, stderr=log,
                stdin=subprocess.DEVNULL, text=True,
            ) as process,
        ):  # fmt: skip
            for line in process.stdout or ():
                if line.startswith('{"done"'):
                    step: dict[str, Any] = json.loads(line)
                    progress(step["done"], STEPS, f"Superset: {step['detail']}")
        if process.returncode != 0:
            raise StartFailedError(
                self._failure(f"Superset's metadata could not be created (code {process.returncode}).")
            )

    def _environment(self) -> dict[str, str]:
        inherited = {
            name: value for name, value in os.environ.items() if name.upper() in PASSED_ON or name.startswith("LC_")
        }
        return inherited | {
            "TAKINGS_SUPERSET_HOME": str(self.home),
            "TAKINGS_PUBLISHED": str(self.published),
            "TAKINGS_HTTPS": "yes" if self.https else "no",
            "TAKINGS_WEB": self.web,
            "PYTHONPATH": str(SERVER),
            "SUPERSET_HOME": str(self.home),
            "PYTHONWARNINGS": "ignore",
        }

    def _refuse_taken_port(self) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError as error:
                raise PortInUseError(
                    f"Port {self.port} on 127.0.0.1 cannot be used for Superset",
                    f"{error.strerror or error}. Another program, perhaps an earlier Superset, listens there",
                    "Stop it, or choose another port",
                ) from error

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/login/", timeout=30) as answer:  # noqa: S310 (http on the loopback)
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _pid(self) -> int | None:
        """This home's process: our child, or the one in the pid file if it still is this home's Superset."""
        if self._child is not None:
            return self._child.pid if self._child.poll() is None else None
        try:
            pid = int(self.pid_file.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return pid if f" --pid {self.pid_file} " in _command(pid) else None

    def _failure(self, what: str) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        end = "\n".join(f"    {line}" for line in lines[-5:])
        return f"{what} The end of its log:\n{end}\nThe whole log: {self.log}. Remove the cause and start again."


def end_group(leader: subprocess.Popen[Any], patience: float = 10) -> None:
    """End a child process that leads its own session, with all its children: first by SIGTERM, after `patience` seconds
    by SIGKILL."""
    if leader.returncode is not None:
        return  # it has ended and was waited for: its number may belong to another process by now
    deadline = time.monotonic() + patience
    with suppress(ProcessLookupError, PermissionError):  # no process is left (macOS: none that was not waited for)
        os.killpg(leader.pid, signal.SIGTERM)
        while time.monotonic() < deadline:
            if leader.returncode is None and leader.poll() is not None:
                deadline = min(deadline, time.monotonic() + LEFTOVERS)
            os.killpg(leader.pid, 0)
            time.sleep(0.02)
        os.killpg(leader.pid, signal.SIGKILL)
    leader.wait()


def _command(pid: int) -> str:
    """The command line of a process: from /proc, else (macOS) from ps; empty once it has ended."""
    if Path("/proc").is_dir():
        try:
            return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
        except OSError:
            return ""
    command = ["/bin/ps", "-ww", "-p", str(pid), "-o", "command="]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603

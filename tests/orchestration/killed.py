"""Processes that run an installation and die: before their n-th durable step, or after some CPU seconds.

A durable step is whatever leaves something behind for the next process: a file opened for writing, renamed, removed or
made unreadable, a commit or a statement of its own in a database, a job that a source starts on request. They are
counted where every library passes (audit events of Python, connections of DuckDB), so code that is written later is
counted too. What happens between two steps leaves nothing, except for what DuckDB writes by itself: the kills at CPU
instants fall there too.

    with Nursery() as nursery:
        steps = nursery.steps(place, "pull")
        nursery.killed(place, "pull", before=7)

The nursery is one process with everything imported and no thread; each job is a fork of it.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import duckdb

from connectors.http import Transport
from orchestration import pipeline, pulls, stored
from tests.orchestration import first_build
from tests.orchestration.installation import Installation

CHECKOUT = Path(__file__).resolve().parents[2]
FILE_STEPS = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.symlink", "os.link", "os.chmod", "os.truncate")
WRITES = ("create", "insert", "update", "delete", "alter", "drop", "attach", "detach", "checkpoint", "copy")
SCRATCH = (
    'create or replace table "build".',
    'create or replace view "build".',
    "create table target.",
    "create view marts.",
)
TABLES, EACH = (*SCRATCH, "drop "), 20  # files that nobody reads yet: each 20th table of them is a step
IN_MEMORY = re.compile(r"(create table|insert into|drop table) \"?delta\b|create or replace temp ")  # leaves nothing
JOBS: dict[str, Callable[..., Any]] = {
    "pull": lambda place: place.pull(),
    "run": lambda place: place.run(),
    "rebuild": lambda place: place.rebuild(full=True),
    "build": lambda place: place.rebuild(),
    "replay": lambda place: pipeline.replay(place.settings, really=True),
    "rename": lambda place, old, new: stored.rename(place.settings, old, new, really=True),
    "remove": lambda place, name: stored.remove(place.settings, name, really=True),
}


class Nursery:
    """The parent of the processes that die."""

    def __init__(self) -> None:
        first_build.parsed()
        command = [sys.executable, "-m", "tests.orchestration.killed"]
        self.process = subprocess.Popen(
            command, cwd=CHECKOUT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()

    def _ask(self, place: Installation, job: tuple[str, ...], **death: float) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps({"root": str(place.root), "job": job, **death}) + "\n")
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def succeed(self, place: Installation, *job: str) -> tuple[list[str], float]:
        """A run that nobody kills: its durable steps and its CPU seconds."""
        answer = self._ask(place, job)
        assert answer["status"] == 0, answer["error"]
        return answer["steps"], answer["seconds"]

    def killed(self, place: Installation, *job: str, before: int) -> None:
        """A run that dies before a durable step, the first of which is 0."""
        answer = self._ask(place, job, before=before)
        assert answer["status"] == -signal.SIGKILL, f"it did not die: {answer}"

    def killed_after(self, place: Installation, *job: str, seconds: float) -> bool:
        """A run that is killed after CPU seconds; False where it had ended before."""
        answer = self._ask(place, job, after=seconds)
        assert answer["status"] in (0, -signal.SIGKILL), answer["error"]
        return bool(answer["status"])


class _Steps:
    """Counts durable steps under a folder, and ends this process before one of them."""

    def __init__(self, root: str, before: int | None) -> None:
        self.root, self.before, self.names, self.lock = root, before, list[str](), threading.Lock()

    def reached(self, name: str) -> None:
        with self.lock:
            if len(self.names) == self.before:
                os.kill(os.getpid(), signal.SIGKILL)
            self.names.append(name.replace(self.root + "/", ""))

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Called by Python before it acts on a file, and before it sends a request."""
        if event == "http.client.send":
            self.sent(bytes(arguments[1]))
        elif event == "open" or event in FILE_STEPS:
            path = self.ours(arguments[event in ("os.symlink", "os.link")])
            if path and self.changes(event, path, arguments):
                self.reached(f"{event.removeprefix('os.')} {path}")

    @staticmethod
    def changes(event: str, path: str, arguments: tuple[Any, ...]) -> bool:
        if event == "open":
            return bool(arguments[2] & (os.O_WRONLY | os.O_RDWR))
        if event in ("os.mkdir", "os.symlink", "os.link"):
            return Path(path).parent.exists() and not os.path.lexists(path)
        return os.path.lexists(path)

    def ours(self, path: Any) -> str | None:
        name = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else ""
        return name if name.startswith(self.root) else None

    def sent(self, data: bytes) -> None:
        """A request that starts a job; a query starts nothing."""
        if b"mutation" in data or data.startswith(b"POST /meta"):
            self.reached("a source starts a job")


class _Connection:
    """A connection of DuckDB whose commits, and statements outside of a transaction, are durable steps."""

    def __init__(self, raw: duckdb.DuckDBPyConnection, steps: _Steps, name: str) -> None:
        self.raw, self.steps, self.name, self.inside, self.count = raw, steps, name, False, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def cursor(self) -> _Connection:
        return _Connection(self.raw.cursor(), self.steps, self.name)

    def close(self) -> None:
        if self.name:
            self.steps.reached(f"close {self.name}")
        self.raw.close()

    def execute(self, sql: str, *more: Any) -> Any:
        self._reach(sql)
        return self.raw.execute(sql, *more)

    def executemany(self, sql: str, *more: Any) -> Any:
        self._reach(sql)
        return self.raw.executemany(sql, *more)

    def _reach(self, sql: str) -> None:
        word = sql.split(maxsplit=1)[0].lower()
        if word == "begin":
            self.inside = True
        elif word in ("commit", "rollback"):
            self.inside = False
            self.steps.reached(word)
        elif not self.inside and word in WRITES and not IN_MEMORY.match(sql):
            self.count += 1
            if not sql.startswith(TABLES) or self.count % EACH == 0:
                self.steps.reached(" ".join(sql.split())[:100])


def _child(order: dict[str, Any], report: int) -> None:
    """Run the job and report its steps."""
    steps = _Steps(order["root"], order.get("before"))
    connect = duckdb.connect

    def counted(database: Any = ":memory:", read_only: bool = False, **more: Any) -> Any:
        raw = connect(database, read_only, **more)
        return raw if read_only else _Connection(raw, steps, steps.ours(database) or "")

    duckdb.connect = counted
    sys.addaudithook(steps.audit)
    pulls.AT_ONCE = 1  # one account after the other, so that the steps come in one order
    Transport.wait = lambda self, seconds: None  # type: ignore[method-assign]
    name, *arguments = order["job"]
    try:
        JOBS[name](Installation(Path(order["root"])), *arguments)
        answer, status = dict[str, Any](steps=steps.names), 0
    except BaseException:
        answer, status = {"error": traceback.format_exc()}, 1
    with os.fdopen(report, "w") as pipe:
        json.dump(answer, pipe)
    os._exit(status)


def _cpu_seconds(pid: int) -> float:
    """The CPU time of another process, of all its threads (the kernel's clock of a process)."""
    return time.clock_gettime((~pid << 3) | 2)


def _serve(order: dict[str, Any]) -> dict[str, Any]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _child(order, writing)
    os.close(writing)
    if "after" in order:
        while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            if _cpu_seconds(pid) >= order["after"]:
                os.kill(pid, signal.SIGKILL)
                break
            time.sleep(0.0005)  # the CPU time of another process can only be polled
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    _, ended, usage = os.wait4(pid, 0)
    answer = json.loads(text) if text else {}
    return {
        "error": "",
        **answer,
        "status": os.waitstatus_to_exitcode(ended),
        "seconds": usage.ru_utime + usage.ru_stime,
    }


if __name__ == "__main__":
    first_build.parsed()  # looked up once, not in each fork
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_serve(json.loads(line))) + "\n")
        sys.stdout.flush()

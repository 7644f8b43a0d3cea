"""Runs passes over an outbox in processes that die: `python killed.py`, one command per line of stdin, as JSON.

    {"folder": …, "messages": 3, "recipients": {"env:A": "mailto://…"}, "point": 17}    dies before its 17th step
    {…, "seconds": 0.03}      is killed after this time
    {…, "limit": 100000}      cannot write more bytes into a file; its answer is FULL
    {…, "together": 2}        runs in two processes at once
    {…}                       runs to its end

The answer is one line: the signal that ended the pass (0: none), the number of its steps and its seconds. A step is
each statement of the database and each send and receive of SMTP and HTTP, before and after it. This process has one
thread and forks for each pass, so that Apprise is loaded once.
"""

from __future__ import annotations

import http.client
import json
import os
import resource
import signal
import smtplib
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from serving.deliveries import channels
from serving.deliveries.deliver import deliver
from serving.deliveries.message import Attachment, Message
from serving.deliveries.outbox import Key, Outbox
from serving.errors import StateError

FULL = 3
NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)


class Steps:
    """Counts the steps of a pass, and ends the process before one of them."""

    def __init__(self, last: int | None) -> None:
        self.count, self._last = 0, last

    def step(self) -> None:
        self.count += 1
        if self.count == self._last:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, owner: type, name: str) -> None:
        """Make each call of a method two steps."""
        call: Callable[..., Any] = getattr(owner, name)

        def counted(*arguments: Any, **options: Any) -> Any:
            self.step()
            result = call(*arguments, **options)
            self.step()
            return result

        setattr(owner, name, counted)

    def install(self) -> None:
        steps = self

        class Database(sqlite3.Connection):
            def execute(self, *arguments: Any) -> sqlite3.Cursor:
                steps.step()
                result = super().execute(*arguments)
                steps.step()
                return result

        connect = sqlite3.connect
        sqlite3.connect = lambda *arguments, **options: connect(*arguments, factory=Database, **options)  # type: ignore[assignment]
        for name in ("send", "getreply", "connect", "close"):
            self.around(smtplib.SMTP, name)
        for name in ("connect", "request", "getresponse"):
            self.around(http.client.HTTPConnection, name)


def keys(messages: int) -> list[Key]:
    return [Key("report", "aurora", f"report-{number}", NOW.isoformat()) for number in range(messages)]


def message(folder: Path, key: Key) -> Message:
    """A message that its receiver can count: its title names the outbox and the key."""
    return Message(f"{folder.name} {key.name}", "text\n" * 100, "<p>text</p>", (Attachment("a.csv", "text/csv", b"1"),))


def run(folder: Path, messages: int, recipients: Mapping[str, str], threads: int = 1) -> None:
    """One pass: plan, render, send."""
    with closing(Outbox(folder)) as outbox:
        for key in keys(messages):
            outbox.plan(key, list(recipients), NOW)
        deliver(
            outbox, outbox.open(NOW), lambda key: message(folder, key),
            lambda entry, content: channels.send(recipients[entry.recipient], content, entry.message_id, NOW),
            lambda: NOW, threads=threads,
        )  # fmt: skip


def child(command: dict[str, Any], answer: int) -> None:
    """What a forked process does."""
    steps = Steps(command.get("point"))
    steps.install()
    if limit := command.get("limit"):  # the kernel refuses to make a file larger, as a full disk does
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        run(Path(command["folder"]), command["messages"], command["recipients"], command.get("threads", 1))
    except StateError:
        os._exit(FULL)
    os.write(answer, str(steps.count).encode())
    os._exit(0)


def forked(command: dict[str, Any]) -> Sequence[float]:
    """Run a pass in as many processes at once as `together` says; the answer is the first one's."""
    reading, writing = os.pipe()
    started, children = time.monotonic(), []
    for _ in range(command.get("together", 1)):
        children.append(os.fork())
        if children[-1] == 0:
            child(command, writing)
    os.close(writing)
    if "seconds" in command:
        time.sleep(command["seconds"])
        os.kill(children[0], signal.SIGKILL)
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
    with os.fdopen(reading) as answer:
        count = answer.read()
    return codes[0], int(count or 0) if len(codes) == 1 else 0, time.monotonic() - started


if __name__ == "__main__":
    channels.problem("json://127.0.0.1")  # loads Apprise's plugins
    for line in sys.stdin:
        print(json.dumps(forked(json.loads(line))), flush=True)  # noqa: T201

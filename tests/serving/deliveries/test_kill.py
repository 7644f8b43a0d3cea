"""A sender that dies at any instant: each message arrives once, or is listed as unknown; never twice."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

from serving.deliveries.outbox import Outbox
from tests.serving.deliveries.killed import FULL
from tests.serving.deliveries.receivers import HttpServer, MailServer, http_server, mail_server

ROOT = Path(__file__).resolve().parents[3]
MESSAGES = 1


@dataclass
class Campaign:
    """Passes that die, the receivers, and what each outbox says in the end."""

    folder: Path
    mailbox: MailServer
    hook: HttpServer
    process: subprocess.Popen[str]
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(10**6)))
    outboxes: list[Path] = field(default_factory=list)
    unknown: int = 0

    def pass_(self, folder: Path, **options: Any) -> tuple[int, int, float]:
        recipients = {
            "env:A": self.mailbox.address("a"),
            "env:B": self.mailbox.address("b"),
            "env:C": self.hook.address(),
        }
        command = {"folder": str(folder), "messages": MESSAGES, "recipients": recipients, **options}
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        code, steps, seconds = json.loads(self.process.stdout.readline())
        return int(code), int(steps), float(seconds)

    def kill(self, **options: Any) -> int:
        """A pass that dies in an outbox of its own, and the passes after it; returns the first one's signal."""
        folder = self.folder / f"outbox-{next(self.numbers)}"
        self.outboxes.append(folder)
        signal = self.pass_(folder, **options)[0]
        for _ in range(2):
            assert self.pass_(folder)[0] == 0
        return signal


@contextmanager
def campaign(folder: Path) -> Iterator[Campaign]:
    """The receivers are counted when they have ended: nothing is on its way then."""
    command = [sys.executable, "-m", "tests.serving.deliveries.killed"]
    with (
        mail_server() as mailbox,
        http_server() as hook,
        subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process,
    ):
        hook.path = "/hook"
        running = Campaign(folder, mailbox, hook, process)
        yield running
        assert process.stdin
        process.stdin.close()
    check(running)


def check(ended: Campaign) -> None:
    """What arrived is what the outboxes say."""
    received = Counter(
        (str(mail["Subject"]), f"env:{name[0].upper()}")
        for mail, names in zip(ended.mailbox.mails, ended.mailbox.recipients, strict=True)
        for name in names
    ) + Counter((body["title"], "env:C") for body in ended.hook.received)
    for folder in ended.outboxes:
        with closing(Outbox(folder)) as outbox:
            entries = outbox.entries()
        assert len(entries) == 3 * MESSAGES
        for entry in entries:
            count = received.pop((f"{folder.name} {entry.key.name}", entry.recipient), 0)
            assert entry.state in ("sent", "unknown"), entry
            assert count == 1 or (entry.state == "unknown" and count == 0), f"{count} times: {entry}"
            if entry.state == "unknown":
                assert entry.detail == "the process that sent it ended before it had an answer"
                ended.unknown += 1
    assert not received, f"received and in no outbox: {received}"


def chosen(total: int, most: int | None, seed: int) -> Sequence[int]:
    points = range(1, total + 1)
    return points if most is None else sorted(Random(seed).sample(points, most))  # noqa: S311


@pytest.mark.parametrize("most", [20, pytest.param(None, marks=pytest.mark.deep)], ids=["some", "every"])
def test_kill_before_any_step_sends_nothing_twice(tmp_path: Path, most: int | None) -> None:
    with campaign(tmp_path) as running:
        code, total, _ = running.pass_(tmp_path / "undisturbed")
        running.outboxes.append(tmp_path / "undisturbed")
        assert code == 0 and total > 60
        for point in chosen(total, most, seed=1):
            assert running.kill(point=point) == -9


@pytest.mark.parametrize("kills", [20, pytest.param(200, marks=pytest.mark.deep)])
def test_kill_at_random_instants_sends_nothing_twice(tmp_path: Path, kills: int) -> None:
    rng = Random(kills)  # noqa: S311
    with campaign(tmp_path) as running:
        running.pass_(tmp_path / "first")
        running.outboxes.append(tmp_path / "first")
        seconds = max(running.pass_(tmp_path / name)[2] for name in ("first-timed", "second-timed"))
        running.outboxes += [tmp_path / "first-timed", tmp_path / "second-timed"]
        for _ in range(kills):
            running.kill(seconds=rng.uniform(0, seconds), threads=rng.choice((1, 4)))


def test_two_processes_at_once_send_each_message_once(tmp_path: Path) -> None:
    with campaign(tmp_path) as running:
        for number in range(4):
            folder = tmp_path / f"shared-{number}"
            assert running.pass_(folder, together=2, threads=2)[0] == 0
            running.outboxes.append(folder)
            with closing(Outbox(folder)) as outbox:
                assert {entry.state for entry in outbox.entries()} == {"sent"}


def test_full_disk_sends_nothing_twice(tmp_path: Path) -> None:
    """Also where `sent` cannot be written any more: the message is unknown then."""
    with campaign(tmp_path) as running:
        signals = [running.kill(limit=limit) for limit in (*range(4_000, 300_000, 50_000), 10_000_000)]
        assert FULL in signals and signals[-1] == 0

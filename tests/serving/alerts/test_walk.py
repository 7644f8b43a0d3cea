"""Random walks over builds, snoozes, acknowledgements, days and kills, against a small second implementation.

The second one (`Oracle`) recomputes from the whole history at each step when an alert lasts. It knows nothing of
serving/alerts. Some steps happen in a child process that dies by SIGKILL before one of its SQL statements, and are then
repeated, as the next minute would.
"""

from __future__ import annotations

import json
import os
import random
import signal
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from serving.alerts import state
from serving.alerts.book import RETENTION, Book, Channel, Look, Today
from serving.alerts.state import Observation
from serving.deliveries.deliver import deliver
from serving.deliveries.message import Message, Outcome
from serving.deliveries.outbox import Entry, Key, Outbox

START = datetime(2026, 11, 20, 9, tzinfo=UTC)
RULES = ("churn", "mrr_drop", "cac_spike")
CHANNELS = (Channel("mail", "env:MAIL"), Channel("chat", "env:CHAT", frozenset(("churn",)), frozenset(("begin",))))
BUDGET = 3
Step = dict[str, Any]


@dataclass
class Oracle:
    """What should be sent: (rule, event) pairs, in groups."""

    history: dict[str, list[tuple[datetime, str]]] = field(default_factory=lambda: {name: [] for name in RULES})
    newest: datetime = START - timedelta(days=1)
    sent: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(RULES, False))
    lost: set[str] = field(default_factory=set)
    known: dict[str, str] = field(default_factory=dict)
    snoozed: dict[str, datetime] = field(default_factory=dict)
    groups: list[tuple[str, list[tuple[str, str]]]] = field(default_factory=list)

    def lasting(self, name: str) -> bool:
        """From its first firing build until one that is quiet six hours of data after the last firing one."""
        lasts, fired = False, START
        for at, seen in self.history[name]:
            if seen == "firing":
                lasts, fired = True, at
            elif seen == "quiet" and at - fired >= timedelta(hours=6):
                lasts = False
        return lasts

    def unknown_for_long(self, name: str) -> bool:
        past = self.history[name]
        known = [at for at, seen in past if seen != "unknown"]
        return bool(known) and past[-1][1] == "unknown" and past[-1][0] - known[-1] >= timedelta(days=8)

    def take(self, step: Step, now: datetime) -> None:
        name = step.get("rule", "")
        if step["do"] == "snooze":
            self.snoozed[name] = now + timedelta(hours=step["hours"])
        elif step["do"] == "unsnooze":
            self.snoozed.pop(name, None)
        elif step["do"] == "acknowledge" and self.lasting(name):
            self.known[name], self.sent[name] = "ola", True
        elif step["do"] == "build":
            at = START + timedelta(hours=step["at"])
            if at >= self.newest:
                self.newest = at
                for each, seen in step["states"].items():
                    self.history[each].append((at, seen))
                    if seen != "unknown":
                        self.lost.discard(each)
                    if not self.lasting(each):
                        self.known.pop(each, None)
        self.look(now)

    def look(self, now: datetime) -> None:
        """What is due now, in one group, within the budget of the day."""
        due = []
        for name in RULES:
            if now < self.snoozed.get(name, now):
                continue
            if self.lasting(name) != self.sent[name]:
                due.append((name, "begin" if self.lasting(name) else "end"))
            elif self.unknown_for_long(name) and name not in self.lost and name not in self.known:
                due.append((name, "lost"))
        day = [window for window, _ in self.groups if window.startswith(f"{now:%Y-%m-%d}")]
        if not due or len(day) > BUDGET:
            return
        for name, event in due:
            if event == "lost":
                self.lost.add(name)
            else:
                self.sent[name] = event == "begin"
        number = "rest" if len(day) == BUDGET else str(len(day) + 1)
        self.groups.append((f"{now:%Y-%m-%d}.{number}", sorted(due)))


def walk(rng: random.Random, length: int) -> list[tuple[datetime, Step]]:
    """Steps with the instants at which they happen. Builds are hours or days apart; some go back in time."""
    steps, now, at = [], START, 0
    for _ in range(length):
        now += timedelta(minutes=rng.choice((1, 30, 200, 900, 2500)))
        kind = rng.choices(("build", "tick", "snooze", "unsnooze", "acknowledge"), (12, 3, 2, 1, 2))[0]
        step: Step = {"do": kind, "rule": rng.choice(RULES)}
        if kind == "build":
            at += rng.choice((0, 1, 2, 5, 6, 7, 30, 200))
            states = ("firing", "quiet", "unknown")
            step["at"] = at - 50 if rng.random() < 0.1 else at
            step["states"] = {name: rng.choices(states, (4, 4, 2))[0] for name in RULES}
        if kind == "snooze":
            step["hours"] = rng.choice((1, 20, 100))
        steps.append((now, step))
    return steps


def perform(folder: Path, step: Step, now: datetime, die_before: int | None, arrived: Path) -> None:
    """One step, a look at the clock and a pass of the outbox, in a process that dies before its n-th SQL statement."""

    def seen(name: str, word: Any) -> Observation:
        return Observation(name, name.title(), word, "numbers", "limit 1", {"why": "w"})

    with closing(Outbox(folder)) as outbox:
        if die_before is not None:
            _die_before(outbox, die_before)
        book, name = Book(outbox), step["rule"]
        looks: list[Look] = []
        if step["do"] == "snooze":
            book.change("acme", name, lambda old: state.snooze(old, "ola", now, now + timedelta(hours=step["hours"])))
        elif step["do"] == "unsnooze":
            book.change("acme", name, state.unsnooze)
        elif step["do"] == "acknowledge":
            if any(status.name == name and status.active for status in book.statuses("acme")):
                book.change("acme", name, lambda old: state.acknowledge(old, "ola", now))
        elif step["do"] == "build":
            observations = [seen(each, word) for each, word in step["states"].items()]
            at = START + timedelta(hours=step["at"])
            looks = [Look("rule", at, f"run-{step['at']}", observations, f"run-{step['at']}")]
        book.observe("acme", looks, CHANNELS, Today(now, now.date(), BUDGET))

        def send(entry: Entry, message: Message) -> Outcome:
            with arrived.open("a") as file:
                file.write(json.dumps([entry.key.window, entry.key.name]) + "\n")
            return Outcome("sent", "250")

        def render(key: Key) -> Message:
            notice = book.notice(key.tenant, key.window, key.name)
            assert notice is not None
            return Message("t", json.dumps([[change.status.name, change.event] for change in notice.changes]))

        deliver(outbox, outbox.open(now), render, send, lambda: now, threads=1)


def _die_before(outbox: Outbox, number: int) -> None:
    """Count every statement of the outbox's connection; at the n-th the process ends as by kill -9."""
    count = 0

    def statement(_: str) -> None:
        nonlocal count
        count += 1
        if count >= number:
            os.kill(os.getpid(), signal.SIGKILL)

    with outbox.transaction() as db:
        db.set_trace_callback(statement)


def in_a_child(work: Callable[[], None]) -> int:
    """Run it in a forked process; returns how that ended."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1]


def check(folder: Path, oracle: Oracle, arrived: Path) -> None:
    """Every group is planned once for each channel that wants it, and arrived once, or is listed as unknown."""
    with closing(Outbox(folder)) as outbox:
        book, entries = Book(outbox), outbox.entries("acme", "alert")
        planned = [(entry.key.window, entry.key.name) for entry in entries]
        assert len(planned) == len(set(planned))
        assert {window for window, name in planned if name == "mail"} == {window for window, _ in oracle.groups}
        newest = oracle.groups[-1][0] if oracle.groups else ""
        for window, due in oracle.groups:
            if date.fromisoformat(window[:10]) < date.fromisoformat(newest[:10]) - RETENTION:
                continue  # its content is removed
            notice = book.notice("acme", window, "mail")
            assert notice is not None
            assert sorted((change.status.name, change.event) for change in notice.changes) == due
            mine = [(name, event) for name, event in due if name == "churn" and event != "end"]
            notice = book.notice("acme", window, "chat")
            assert (
                sorted((c.status.name, c.event) for c in notice.changes if c.event != "lost")
                == [pair for pair in mine if pair[1] != "lost"]
                if notice
                else not mine
            )
        lines = [tuple(json.loads(line)) for line in arrived.read_text().splitlines()] if arrived.exists() else []
        assert len(lines) == len(set(lines)), "a message arrived twice"
        assert {entry.state for entry in entries} <= {"sent", "unknown"}
        missing = {(entry.key.window, entry.key.name) for entry in entries if entry.state == "sent"} - set(lines)
        assert not missing


def run(folder: Path, seed: int, length: int, kills: float) -> int:
    """One walk; returns how many processes were killed."""
    rng, oracle, killed = random.Random(seed), Oracle(), 0  # noqa: S311
    arrived = folder / "arrived.jsonl"
    for now, step in walk(rng, length):
        if rng.random() < kills:
            die = rng.randint(1, 40)
            status = in_a_child(lambda now=now, step=step, die=die: perform(folder, step, now, die, arrived))  # type: ignore[misc]
            killed += os.WIFSIGNALED(status)
        perform(folder, step, now, None, arrived)
        oracle.take(step, now)
        check(folder, oracle, arrived)
    return killed


@pytest.mark.parametrize("seed", range(3))
def test_each_beginning_and_end_is_sent_once_through_kills_and_restarts(tmp_path: Path, seed: int) -> None:
    assert run(tmp_path, seed, length=40, kills=0.4) > 3


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(100, 130))
def test_long_walks(tmp_path: Path, seed: int) -> None:
    run(tmp_path, seed, length=150, kills=0.5)

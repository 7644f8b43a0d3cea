"""The outbox plans each message once, keeps what was rendered, and never sends again what may have arrived."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from common.errors import ConfigurationError
from serving.deliveries.deliver import DELAYS, GIVE_UP, deliver
from serving.deliveries.message import Attachment, Message, Outcome, Waiting
from serving.deliveries.outbox import Entry, Key, Outbox
from serving.errors import StateError, UnknownMessageError

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
KEY = Key("report", "aurora", "weekly", "2026-11-30T08:00+00:00")
MESSAGE = Message("Weekly", "text", "<p>ä</p>", (Attachment("a.csv", "text/csv", b"\0\xff"),), "short")
HOUR = timedelta(hours=1)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    box = Outbox(tmp_path)
    yield box
    box.close()


class Receiver:
    """Answers with the outcomes it was given, then with `sent`; counts what it received."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes)
        self.received: list[tuple[str, Message]] = []

    def __call__(self, entry: Entry, message: Message) -> Outcome:
        self.received.append((entry.recipient, message))
        return self.outcomes.pop(0) if self.outcomes else Outcome("sent", "250 ok")


def walk(outbox: Outbox, receiver: Receiver, now: datetime = NOW, message: Message | Waiting = MESSAGE) -> list[Entry]:
    return deliver(outbox, outbox.open(now), lambda _: message, receiver, lambda: now)


def killed_while_sending(folder: Path) -> None:
    """A process that ends after it claimed a message, as `kill -9` would end it."""

    def child() -> None:
        box = Outbox(folder)
        assert box.claim(box.open(NOW)[0], NOW)
        os.kill(os.getpid(), signal.SIGKILL)

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join()
    assert process.exitcode == -9


def test_message_is_read_back_as_it_was_stored() -> None:
    assert Message.load(*MESSAGE.dump()) == MESSAGE
    assert Message.load(*MESSAGE.dump()).hash == MESSAGE.hash != Message("Weekly", "text").hash


def test_message_planned_twice_is_sent_once_to_each_recipient(outbox: Outbox) -> None:
    assert outbox.plan(KEY, ["env:A", "env:B", "env:A"], NOW)
    assert not outbox.plan(KEY, ["env:B", "env:A"], NOW + HOUR)
    receiver = Receiver()
    ended = walk(outbox, receiver)
    assert [(entry.state, entry.detail, entry.attempts, entry.hash) for entry in ended] == 2 * [
        ("sent", "250 ok", 1, MESSAGE.hash)
    ]
    assert walk(outbox, receiver) == []
    assert sorted(receiver.received, key=lambda pair: pair[0]) == [("env:A", MESSAGE), ("env:B", MESSAGE)]


def test_message_is_not_sent_before_it_is_due(outbox: Outbox) -> None:
    outbox.plan(KEY, ["env:A"], NOW, due=NOW + HOUR)
    assert outbox.open(NOW + HOUR - timedelta(seconds=1)) == []
    assert [entry.recipient for entry in outbox.open(NOW + HOUR)] == ["env:A"]


def test_message_that_is_not_ready_waits_and_says_why(outbox: Outbox) -> None:
    outbox.plan(KEY, ["env:A"], NOW)
    receiver = Receiver()
    (entry,) = walk(outbox, receiver, message=Waiting("the build is from yesterday"))
    assert (entry.state, entry.detail, receiver.received) == ("planned", "the build is from yesterday", [])
    (entry,) = walk(outbox, receiver)
    assert (entry.state, entry.detail) == ("sent", "250 ok")


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (ConfigurationError("No such report", next_step="Name one"), "No such report. Name one."),
        (ValueError("x"), "it could not be written (ValueError: x)"),
    ],
)
def test_report_that_cannot_be_written_holds_back_no_other_message(outbox: Outbox, error: Exception, why: str) -> None:
    other = Key("report", "nordlicht", "weekly", KEY.window)
    outbox.plan(KEY, ["env:A"], NOW)
    outbox.plan(other, ["env:B"], NOW)

    def render(key: Key) -> Message:
        if key == KEY:
            raise error
        return MESSAGE

    first, second = deliver(outbox, outbox.open(NOW), render, Receiver(), lambda: NOW)
    assert (first.state, first.detail, second.state) == ("planned", why, "sent")


def test_second_attempt_sends_the_bytes_of_the_first_one_also_from_a_newer_build(outbox: Outbox) -> None:
    outbox.plan(KEY, ["env:A", "env:B"], NOW)
    receiver = Receiver(Outcome("later", "451 try later"))
    walk(outbox, receiver)
    walk(outbox, receiver, NOW + HOUR, message=Message("Newer numbers", ""))
    assert [message for _, message in receiver.received] == 3 * [MESSAGE]
    outbox.plan(KEY, ["env:C"], NOW)
    walk(outbox, receiver, NOW + HOUR, message=Message("Newer numbers", ""))
    assert receiver.received[-1] == ("env:C", MESSAGE), "two recipients of one window read the same numbers"


def test_receiver_in_trouble_is_asked_less_and_less_often_until_the_message_is_given_up(outbox: Outbox) -> None:
    outbox.plan(KEY, ["env:A"], NOW)
    receiver = Receiver(*(Outcome("later", "connection refused") for _ in range(100)))
    now, instants = NOW, []
    while outbox.open(now):
        (entry,) = walk(outbox, receiver, now)
        instants.append(now)
        now = entry.next_attempt or now
    assert [later - sooner for sooner, later in itertools.pairwise(instants)][:6] == [*DELAYS, DELAYS[-1]]
    assert instants[-1] <= NOW + GIVE_UP < instants[-1] + DELAYS[-1]
    assert (entry.state, entry.attempts) == ("failed", len(instants))
    assert entry.detail == f"given up after {len(instants)} attempts: connection refused"


def test_receiver_that_names_a_time_is_not_asked_before(outbox: Outbox) -> None:
    outbox.plan(KEY, ["env:A"], NOW)
    (entry,) = walk(outbox, Receiver(Outcome("later", "429", timedelta(minutes=7))))
    assert entry.next_attempt == NOW + timedelta(minutes=7)
    assert outbox.open(NOW + timedelta(minutes=6)) == []


def test_clock_that_steps_back_neither_holds_back_nor_repeats_a_message(outbox: Outbox) -> None:
    outbox.plan(KEY, ["env:A"], NOW - 48 * HOUR)
    walk(outbox, Receiver(Outcome("later", "421")))
    earlier = NOW - 24 * HOUR
    (entry,) = walk(outbox, receiver := Receiver(), earlier)
    assert (entry.state, len(receiver.received), outbox.open(NOW)) == ("sent", 1, [])


def test_receiver_that_takes_nothing_now_is_asked_once_in_a_pass_and_holds_back_nobody(outbox: Outbox) -> None:
    for number in range(5):
        outbox.plan(Key("report", "aurora", f"report-{number}", KEY.window), ["env:DOWN", "env:UP"], NOW)
    instants = []

    def send(entry: Entry, _: Message) -> Outcome:
        instants.append(entry.recipient)
        return Outcome("later", "down") if entry.recipient == "env:DOWN" else Outcome("sent", "250")

    entries = deliver(outbox, outbox.open(NOW), lambda _: MESSAGE, send, lambda: NOW, threads=1)
    assert (instants.count("env:DOWN"), instants.count("env:UP")) == (1, 5)
    assert {entry.state for entry in entries if entry.recipient == "env:DOWN"} == {"rendered"}


def test_interruption_begins_no_further_message(outbox: Outbox) -> None:
    for number in range(5):
        outbox.plan(Key("report", "aurora", f"report-{number}", KEY.window), ["env:A"], NOW)
    keys = iter(range(5))

    def render(_: Key) -> Message:
        if next(keys) == 2:
            raise KeyboardInterrupt
        return MESSAGE

    with pytest.raises(KeyboardInterrupt):
        deliver(outbox, outbox.open(NOW), render, Receiver(), lambda: NOW, threads=1)
    assert {entry.state for entry in outbox.entries()} <= {"sent", "rendered", "planned"}
    assert [entry.state for entry in outbox.entries()].count("planned") == 3


def test_pass_that_takes_too_long_leaves_the_rest_to_the_next_one(
    outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox.plan(KEY, ["env:A"], NOW)
    monkeypatch.setattr("serving.deliveries.deliver.LONGEST_PASS", timedelta(seconds=-1))
    assert [entry.state for entry in walk(outbox, Receiver())] == ["planned"]


@pytest.mark.parametrize("result", ["failed", "unknown"])
def test_what_failed_or_is_unknown_is_sent_again_only_when_a_person_asks(outbox: Outbox, result: str) -> None:
    outbox.plan(KEY, ["env:A"], NOW)
    receiver = Receiver(Outcome("failed" if result == "failed" else "unknown", "550"))
    (entry,) = walk(outbox, receiver)
    assert (entry.state, outbox.open(NOW + 48 * HOUR)) == (result, [])
    outbox.retry(entry.id, NOW + 48 * HOUR)
    (again,) = walk(outbox, receiver, NOW + 48 * HOUR)
    assert (again.state, again.message_id, len(receiver.received)) == ("sent", entry.message_id, 2)
    with pytest.raises(UnknownMessageError, match="its state is sent"):
        outbox.retry(entry.id, NOW)
    with pytest.raises(UnknownMessageError, match="There is no message 99"):
        outbox.retry(99, NOW)


def test_sender_with_a_mistake_makes_the_message_unknown_and_shows_no_address(outbox: Outbox) -> None:
    outbox.plan(KEY, ["env:A"], NOW)

    def send(entry: Entry, message: Message) -> Outcome:
        raise RuntimeError("mailto://user:secret@host")

    (entry,) = deliver(outbox, outbox.open(NOW), lambda _: MESSAGE, send, lambda: NOW)
    assert (entry.state, entry.detail) == ("unknown", "the program failed while it was sending (RuntimeError)")


def test_what_a_dead_process_was_sending_is_unknown_and_not_sent_again(outbox: Outbox, tmp_path: Path) -> None:
    outbox.plan(KEY, ["env:A"], NOW, message=MESSAGE)
    killed_while_sending(tmp_path)
    assert outbox.entries()[0].state == "sending"
    (entry,) = walk(outbox, receiver := Receiver(), NOW + HOUR)
    assert (entry.state, receiver.received) == ("unknown", [])
    assert entry.detail == "the process that sent it ended before it had an answer"
    assert list((tmp_path / "senders").glob("*")) == [], "the lock files of dead senders are removed"


def test_slow_process_is_not_taken_for_a_dead_one(outbox: Outbox, tmp_path: Path) -> None:
    outbox.plan(KEY, ["env:A"], NOW, message=MESSAGE)
    claimed = outbox.claim(outbox.open(NOW)[0], NOW)
    other = Outbox(tmp_path)
    assert claimed and other.recover(NOW + 1000 * HOUR) == []
    assert outbox.end(claimed, "sent", "250", NOW).state == "sent"
    other.close()


def test_only_one_of_two_processes_sends_a_message(outbox: Outbox, tmp_path: Path) -> None:
    outbox.plan(KEY, ["env:A"], NOW, message=MESSAGE)
    (entry,) = outbox.open(NOW)
    other = Outbox(tmp_path)
    assert outbox.claim(entry, NOW) and not other.claim(entry, NOW) and not outbox.claim(entry, NOW)
    other.close()


def test_content_of_old_messages_is_removed_and_nothing_is_planned_again(outbox: Outbox) -> None:
    outbox.plan(KEY, ["env:A", "env:B"], NOW)
    walk(outbox, Receiver(Outcome("failed", "550"), Outcome("failed", "550")))
    outbox.forget(NOW + timedelta(days=29))
    assert all(outbox.message(entry) == MESSAGE for entry in outbox.entries())
    outbox.forget(NOW + timedelta(days=31))
    assert [outbox.message(entry) for entry in outbox.entries()] == [None, None]
    assert not outbox.plan(KEY, ["env:A", "env:B"], NOW)
    with pytest.raises(UnknownMessageError, match="not stored any more"):
        outbox.retry(outbox.entries()[0].id, NOW)


@pytest.mark.parametrize("damage", ["no database", "cut", "wrong index"])
def test_damaged_file_is_named_and_nothing_is_sent(tmp_path: Path, damage: str) -> None:
    box = Outbox(tmp_path)
    for number in range(200):
        box.plan(Key("report", "aurora", f"report-{number}", KEY.window), ["env:A"], NOW)
    box.close()
    content = box.path.read_bytes()
    if damage == "wrong index":  # an index that has lost a row would let the same message be planned twice
        content = content.replace(b"report-77", b"report-7z", 1)
    box.path.write_bytes(
        {"no database": b"no database" * 1000, "cut": content[: len(content) // 2]}.get(damage, content)
    )
    with pytest.raises(StateError, match=r"deliveries\.db cannot be used, so nothing is sent"):
        Outbox(tmp_path).open(NOW)


def test_file_is_for_its_owner_alone(outbox: Outbox) -> None:
    outbox.plan(KEY, ["env:A"], NOW)
    assert outbox.path.stat().st_mode & 0o777 == 0o600


def test_message_id_is_the_same_for_every_attempt_and_another_for_every_recipient_and_window(outbox: Outbox) -> None:
    keys = [KEY, Key("alert", "aurora", "weekly", KEY.window), Key("report", "aurora", "weekly", "later")]
    for key in keys:
        outbox.plan(key, ["env:A", "env:B"], NOW)
    identifiers: Callable[[], list[str]] = lambda: [entry.message_id for entry in outbox.entries()]  # noqa: E731
    first = identifiers()
    walk(outbox, Receiver(Outcome("later", "421")))
    assert len(set(first)) == 6 and identifiers() == first

"""When deliveries are due, also where clocks change, the machine slept or its clock was wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from serving.deliveries import schedule
from serving.deliveries.message import Message
from serving.deliveries.outbox import Outbox
from serving.deliveries.plan import Schedule, Skipped, plan

DAILY = Schedule("nordlicht", "daily", "0 8 * * *", "Europe/Berlin", ("env:A", "env:B"))
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    box = Outbox(tmp_path)
    yield box
    box.close()


def windows(box: Outbox) -> list[tuple[str, str]]:
    """State and window of the messages to one recipient, the oldest first."""
    return [(entry.state, entry.key.window) for entry in reversed(box.entries()) if entry.recipient == "env:A"]


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("0 8 * * 1", ""),
        ("30 7 1 * *", ""),
        ("0 8 L * MON-FRI", ""),
        ("15 * * * *", ""),
        ("0 8 * *", "has 4 fields"),
        ("0 0 8 * * 1", "has 6 fields"),
        ("61 8 * * *", "bad minute"),
        ("0 25 * * *", "bad hour"),
        ("0 8 31 2 *", "bad day-of-month"),
        ("0 8 * * MONDAY", "bad day-of-week"),
        ("* 8 * * *", "more often than once in an hour"),
        ("*/10 * * * *", "more often than once in an hour"),
        ("@daily", "has 1 field;"),
    ],
)  # fmt: skip
def test_mistake_in_a_schedule_is_named(expression: str, why: str) -> None:
    problem = schedule.problem(expression)
    assert why in problem and bool(problem) == bool(why)


@pytest.mark.parametrize(
    ("cron", "zone", "instants"),
    [
        # Berlin, 29 March 2026: 2:00 to 3:00 is skipped; 25 October 2026: it comes twice
        ("0 8 * * *", "Europe/Berlin", ["2026-03-28 07:00", "2026-03-29 06:00", "2026-03-30 06:00"]),
        ("30 2 * * *", "Europe/Berlin", ["2026-03-28 01:30", "2026-03-29 01:00", "2026-03-30 00:30"]),
        ("30 2 * * *", "Europe/Berlin", ["2026-10-24 00:30", "2026-10-25 00:30", "2026-10-26 01:30"]),
        ("30 * * * *", "Europe/Berlin", ["2026-10-25 00:30", "2026-10-25 01:30", "2026-10-25 02:30"]),
        # Lord Howe: half an hour, 4 October 2026 at 2:00
        ("15 2 * * *", "Australia/Lord_Howe", ["2026-10-02 15:45", "2026-10-03 15:30", "2026-10-04 15:15"]),
    ],
)
def test_clock_that_changes_skips_no_day_and_repeats_none(cron: str, zone: str, instants: list[str]) -> None:
    expected = [at(text) for text in instants]
    assert schedule.due(cron, zone, expected[0] - timedelta(minutes=1), expected[-1]) == expected
    assert schedule.following(cron, zone, expected[0]) == expected[1]


@pytest.mark.parametrize("cron", ["30 2 * * *", "0 3 * * *", "30 * * * *", "45 1 * * *", "0 0 * * *"])
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata"])
@pytest.mark.parametrize("start", ["2026-03-27", "2026-10-23", "2026-10-30", "2026-03-06"])
def test_planning_in_many_passes_finds_what_one_pass_finds(cron: str, zone: str, start: str) -> None:
    first, last = at(start), at(start) + 4 * DAY
    once = schedule.due(cron, zone, first, last)
    passes, now = [], first
    while now < last:
        passes += schedule.due(cron, zone, now, now + timedelta(minutes=20))
        now += timedelta(minutes=20)
    assert passes == once and len(set(once)) == len(once)


def test_new_delivery_begins_with_the_next_window(outbox: Outbox) -> None:
    assert plan(outbox, [DAILY], at("2026-11-30 07:00")) == []
    assert windows(outbox) == [], "8:00 in Berlin is over, and the delivery did not exist before"
    plan(outbox, [DAILY], at("2026-12-01 06:59"))
    plan(outbox, [DAILY], at("2026-12-01 07:00"))
    plan(outbox, [DAILY], at("2026-12-01 07:00"))
    plan(outbox, [DAILY], at("2026-12-01 20:00"))
    assert windows(outbox) == [("planned", "2026-12-01T07:00+00:00")]


def test_machine_that_slept_makes_up_the_newest_window_alone(outbox: Outbox) -> None:
    plan(outbox, [DAILY], at("2026-11-30 07:00"))
    gaps = plan(outbox, [DAILY], at("2026-12-04 12:00"))
    assert windows(outbox) == [("planned", "2026-12-04T07:00+00:00")]
    assert gaps == [Skipped("nordlicht", "daily", 3, at("2026-12-01 07:00"), at("2026-12-03 07:00"))]
    assert len(outbox.open(at("2026-12-04 12:00"))) == 2, "one message per recipient"


def test_window_that_could_not_be_written_is_replaced_by_the_next_one(outbox: Outbox) -> None:
    plan(outbox, [DAILY], at("2026-11-30 07:00"))
    for day in range(1, 4):
        plan(outbox, [DAILY], at(f"2026-12-0{day} 07:30"))
    assert [state for state, _ in windows(outbox)] == ["skipped", "skipped", "planned"]


def test_window_that_is_written_stays_until_it_is_sent(outbox: Outbox) -> None:
    plan(outbox, [DAILY], at("2026-11-30 07:00"))
    plan(outbox, [DAILY], at("2026-12-01 07:30"))
    outbox.store(outbox.open(at("2026-12-01 07:30"))[0].key, Message("t", "x"), at("2026-12-01 07:30"))
    plan(outbox, [DAILY], at("2026-12-02 07:30"))
    assert [state for state, _ in windows(outbox)] == ["rendered", "planned"]


def test_clock_that_was_a_year_ahead_stops_no_later_window(outbox: Outbox) -> None:
    plan(outbox, [DAILY], at("2027-12-01 07:30"))
    plan(outbox, [DAILY], at("2026-12-01 06:00"))
    plan(outbox, [DAILY], at("2026-12-01 07:30"))
    assert windows(outbox) == [("planned", "2026-12-01T07:00+00:00")]


def test_clock_that_steps_back_plans_no_window_twice(outbox: Outbox) -> None:
    plan(outbox, [DAILY], at("2026-11-30 07:00"))
    for instant in ("2026-12-01 07:30", "2026-12-01 06:30", "2026-12-01 07:10", "2026-12-01 07:40"):
        plan(outbox, [DAILY], at(instant))
    assert windows(outbox) == [("planned", "2026-12-01T07:00+00:00")]


def test_delivery_that_was_removed_and_comes_back_makes_up_nothing(outbox: Outbox) -> None:
    plan(outbox, [DAILY], at("2026-11-30 07:00"))
    plan(outbox, [], at("2026-12-01 12:00"))
    plan(outbox, [DAILY], at("2026-12-05 12:00"))
    assert windows(outbox) == []


def test_schedule_in_words() -> None:
    assert schedule.words("0 8 * * 1") == "at 08:00 on Monday"

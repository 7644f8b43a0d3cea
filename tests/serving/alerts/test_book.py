"""When a message about an alert is planned, case by case; test_walk.py has random sequences of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from semantic.reports.brand import Brand
from serving.alerts import state
from serving.alerts.book import Book, Channel, Look, Notice, Today
from serving.alerts.message import compose
from serving.alerts.state import Observation
from serving.alerts.words import Link, Reader
from serving.deliveries.outbox import Outbox

START = datetime(2026, 11, 20, 9, tzinfo=UTC)
EVERYTHING = (Channel("mail", "env:MAIL"),)
HOME = Link("All alerts on Home", "https://shop.example/home")
READER = Reader(
    "Aurora <b>", "America/New_York", Brand("Aurora <b>"), lambda _: Link("Open", "https://x.example/r/1"), HOME
)


class Case:
    """Builds of one tenant, hour by hour."""

    def __init__(self, outbox: Outbox) -> None:
        self.outbox, self.book, self.budget = outbox, Book(outbox), 10
        self.channels: tuple[Channel, ...] = EVERYTHING

    def build(self, hour: float, states: dict[str, str], *, limit: str = "1", at: float | None = None) -> list[str]:
        """A build observed at an hour, of data of that hour (or of hour `at`); what its message says."""
        return self.words(self.notice(hour, states, limit=limit, at=at))

    def notice(
        self, hour: float, states: dict[str, str], *, limit: str = "1", at: float | None = None
    ) -> Notice | None:
        seen = [
            Observation(name, f"<i>{name}</i>", word, f"{name} is 5", limit, {"why": "w"})  # type: ignore[arg-type]
            for name, word in states.items()
        ]
        data = START + timedelta(hours=hour if at is None else at)
        return self.look(hour, [Look("rule", data, f"run {hour}", seen, f"run {hour}")])

    def tick(self, hour: float) -> list[str]:
        """A minute without a new build."""
        return self.words(self.look(hour, []))

    def look(self, hour: float, looks: list[Look]) -> Notice | None:
        now = START + timedelta(hours=hour)
        return self.book.observe("acme", looks, self.channels, Today(now, now.date(), self.budget))

    def due(self, hour: float) -> list[str]:
        """What a build or a minute would report at an hour."""
        now = START + timedelta(hours=hour)
        changes = self.book.due("acme", self.channels, Today(now, now.date(), self.budget))
        return [f"{change.event} {change.status.name}" for change in changes]

    def words(self, notice: Notice | None) -> list[str]:
        return [f"{change.event} {change.status.name}" for change in notice.changes] if notice else []


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    with closing(Outbox(tmp_path)) as outbox:
        yield Case(outbox)


def test_all_that_begins_and_ends_in_one_build_is_one_message(case: Case) -> None:
    assert case.build(0, {"a": "firing", "b": "quiet"}) == ["begin a"]
    assert case.build(1, {"a": "firing", "b": "quiet"}) == []
    assert case.build(8, {"a": "quiet", "b": "firing"}) == ["begin b", "end a"]
    assert len(case.outbox.entries("acme")) == 2


def test_number_around_its_limit_is_one_alert_until_it_is_quiet_for_six_hours(case: Case) -> None:
    assert case.build(0, {"a": "firing"}) == ["begin a"]
    for hour in range(1, 9):
        assert case.build(hour, {"a": "quiet" if hour % 2 else "firing"}) == []
    assert case.build(13, {"a": "quiet"}) == [], "it fired last at hour 8"
    assert case.build(14, {"a": "quiet"}) == ["end a"]


def test_build_of_once_a_day_ends_an_alert_at_once(case: Case) -> None:
    assert case.build(0, {"a": "firing"}) == ["begin a"]
    assert case.build(24, {"a": "quiet"}) == ["end a"]


def test_unknown_number_neither_begins_nor_ends_an_alert_and_is_reported_after_eight_days(case: Case) -> None:
    assert case.build(0, {"a": "firing", "b": "quiet", "never": "unknown"}) == ["begin a"]
    unknown = {"a": "unknown", "b": "unknown", "never": "unknown"}
    assert case.build(24 * 7, unknown) == []
    assert case.build(24 * 8, unknown) == ["lost a", "lost b"], "what was never known is not missed"
    assert case.build(24 * 9, unknown) == []
    assert case.build(24 * 10, {"a": "firing", "b": "quiet", "never": "unknown"}) == []
    assert case.build(24 * 11, {"a": "quiet", "b": "quiet", "never": "unknown"}) == ["end a"]


def test_older_data_and_the_same_build_again_say_nothing(case: Case) -> None:
    case.build(0, {"a": "quiet"})
    assert case.build(1, {"a": "firing"}, at=-5) == []
    assert case.build(2, {"a": "firing"}, at=0) == ["begin a"]
    assert case.build(2, {"a": "firing"}, at=0) == []


def test_changed_limit_ends_an_alert_at_once_and_says_nothing_while_it_fires(case: Case) -> None:
    case.build(0, {"a": "firing", "b": "firing"})
    assert case.build(1, {"a": "firing", "b": "quiet"}, limit="2", at=0) == ["end b"]
    (status,) = (status for status in case.book.statuses("acme") if status.name == "b")
    assert status.reason == "The rule or its limit was changed."


def test_removed_rule_ends_once_and_is_forgotten(case: Case) -> None:
    case.build(0, {"a": "firing", "b": "quiet"})
    assert case.build(1, {"b": "quiet"}) == ["end a"]
    assert case.build(2, {"b": "quiet"}) == []
    assert [status.name for status in case.book.statuses("acme")] == ["b"]


def test_snoozed_alert_is_sent_when_the_snooze_ends_if_it_is_still_true(case: Case) -> None:
    case.build(0, {"a": "quiet", "b": "quiet"})
    for name in "ab":
        case.book.change("acme", name, lambda old: state.snooze(old, "ola", START, START + timedelta(hours=30)))
    assert case.build(1, {"a": "firing", "b": "firing"}) == []
    assert case.build(20, {"a": "firing", "b": "quiet"}) == []
    assert case.tick(29) == []
    assert case.due(29) == []
    assert case.due(30) == ["begin a"]
    assert case.tick(30) == ["begin a"], "b began and ended meanwhile"


def test_acknowledged_alert_is_not_sent_any_more_and_its_end_is(case: Case) -> None:
    case.book.change("acme", "a", lambda old: state.snooze(old, "ola", START, START + timedelta(hours=2)))
    assert case.build(0, {"a": "firing"}) == []
    case.book.change("acme", "a", lambda old: state.acknowledge(old, "ola", START))
    assert case.build(3, {"a": "firing"}) == []
    assert case.build(10, {"a": "quiet"}) == ["end a"]
    (status,) = case.book.statuses("acme")
    assert status.acknowledged_by is None, "until it ends"


def test_budget_of_a_day_has_one_more_message_and_the_rest_is_sent_on_the_next_day(case: Case) -> None:
    case.budget = 2
    assert case.build(0, {"a": "firing"}) == ["begin a"]
    assert case.build(1, {"a": "firing", "b": "firing"}) == ["begin b"]
    rest = case.notice(2, {"a": "firing", "b": "firing", "c": "firing"})
    assert rest is not None
    assert rest.is_rest
    assert case.words(rest) == ["begin c"]
    every = {"a": "firing", "b": "firing", "c": "firing", "d": "firing", "e": "firing"}
    assert case.build(3, every) == []
    assert case.due(4) == [], "or each minute would start a run"
    assert case.build(12, {**every, "e": "quiet"}) == []
    assert case.tick(15) == ["begin d"], "midnight: e began and ended meanwhile"
    message = compose(rest, READER)
    assert message.title == "Aurora <b>: 1 more alert, and no further message today"
    assert "1 more, see:" in message.text
    assert message.text.splitlines()[-1] == f"{HOME.label}: {HOME.url}"


def test_without_a_channel_nothing_is_reported_and_the_first_channel_gets_what_fires(case: Case) -> None:
    case.channels = ()
    assert case.build(0, {"a": "firing", "b": "firing"}) == []
    case.channels = (Channel("mail", "env:MAIL", frozenset("a")),)
    assert case.tick(1) == ["begin a"]
    case.channels = EVERYTHING
    assert case.tick(2) == ["begin b"]


def test_messages_of_other_tenants_count_for_nothing(case: Case) -> None:
    case.budget = 1
    case.build(0, {"a": "firing"})
    look = Look("rule", START, "r", [Observation("a", "A", "firing", "a is 5")], "r")
    assert case.book.observe("other", [look], EVERYTHING, Today(START, START.date(), 1)) is not None
    assert {entry.key.tenant for entry in case.outbox.entries()} == {"acme", "other"}


def test_message_of_an_end_says_why_and_html_is_escaped(case: Case) -> None:
    case.build(0, {"a": "firing"})
    ended = case.notice(1, {})
    assert ended is not None
    message = compose(ended, READER)
    assert message.title == "Aurora <b>: Over: <i>a</i>"
    assert "The rule was removed." in message.text
    assert "Fired last: 20 Nov 2026, 04:00 (America/New_York)" in message.text
    assert "<i>a</i>" not in message.html
    assert "&lt;i&gt;a&lt;/i&gt;" in message.html
    assert "Aurora <b>" not in message.html
    assert message.chat.splitlines()[-1] == "Open: https://x.example/r/1"


def test_content_of_old_messages_is_removed(case: Case) -> None:
    first = case.notice(0, {"a": "firing"})
    assert first is not None
    case.notice(24 * 100, {"a": "quiet"})
    assert case.book.notice("acme", first.window, "mail") is None


def test_clock_that_was_a_year_ahead_loses_no_message_of_the_day_to_which_it_returns(case: Case) -> None:
    first = case.notice(0, {"a": "firing"})
    case.look(24 * 366, [Look("wait", START, "r", [Observation("numbers_wait", "N", "firing", "old")])])
    second = case.notice(1, {"a": "firing", "b": "firing"})
    assert first is not None
    assert second is not None
    assert second.window != first.window
    assert second.window in {entry.key.window for entry in case.outbox.entries()}

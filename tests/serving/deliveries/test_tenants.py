"""A tenant that is renamed keeps its messages and alerts; one that is removed leaves nothing that waits for the next
tenant with its id."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from serving.alerts.book import Book, Look, Today
from serving.alerts.state import Observation, snooze
from serving.deliveries import tenants
from serving.deliveries.deliver import deliver
from serving.deliveries.message import Message, Outcome
from serving.deliveries.outbox import Key, Outbox
from serving.deliveries.plan import Schedule, plan

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
MESSAGE = Message("Weekly", "text", "<p>text</p>", (), "short")
SENT, WAITS = (Key("report", "aurora", "weekly", f"2026-11-{day}T08:00+00:00") for day in (23, 30))


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    """One message that was sent, one that waits, a schedule, and an alert that fires and is snoozed."""
    box = Outbox(tmp_path)
    box.plan(SENT, ["secret:owner"], NOW)
    deliver(box, box.open(NOW), lambda _: MESSAGE, lambda *_: Outcome("sent", "250 ok"), lambda: NOW)
    box.plan(WAITS, ["secret:owner"], NOW)
    plan(box, [Schedule("aurora", "weekly", "0 8 * * 1", "UTC", ("secret:owner",))], NOW)
    book, seen = Book(box), Observation("sales_fell", "Sales fell", "firing", "5 is below 9", "limit 9", {})
    book.observe("aurora", [Look("rule", NOW, "run 1", [seen], "run 1")], [], Today(NOW, NOW.date(), 5))
    book.change("aurora", "sales_fell", lambda status: snooze(status, "maria", NOW, NOW + timedelta(days=9)))
    yield box
    box.close()


def states(box: Outbox, tenant: str) -> dict[str, str]:
    return {entry.key.window: entry.state for entry in box.entries(tenant)}


def test_renamed_tenant_keeps_messages_schedules_and_alerts(outbox: Outbox) -> None:
    before, alerts = states(outbox, "aurora"), Book(outbox).statuses("aurora")
    assert tenants.rename(outbox, "aurora", "dawn") >= 4
    assert states(outbox, "dawn") == before and states(outbox, "aurora") == {}
    assert not outbox.plan(Key("report", "dawn", "weekly", SENT.window), ["secret:owner"], NOW), "it was sent already"
    (alert,) = Book(outbox).statuses("dawn")
    assert (alert.tenant, alert.name) == ("dawn", alerts[0].name) and alert.snoozed_until == alerts[0].snoozed_until
    assert Book(outbox).statuses("aurora") == [] and Book(outbox).token("dawn") == "run 1"
    assert tenants.rename(outbox, "aurora", "dawn") == 0


def test_what_the_new_id_has_already_stays(outbox: Outbox) -> None:
    outbox.plan(Key("report", "dawn", "weekly", SENT.window), ["secret:owner"], NOW)
    tenants.rename(outbox, "aurora", "dawn")
    assert states(outbox, "dawn") == {SENT.window: "planned", WAITS.window: "planned"}
    assert states(outbox, "aurora") == {SENT.window: "sent"}, "the list of what was sent stays"


def test_removed_tenant_leaves_nothing_that_waits(outbox: Outbox) -> None:
    assert tenants.remove(outbox, "aurora", NOW) == 1
    assert states(outbox, "aurora") == {SENT.window: "sent", WAITS.window: "skipped"}
    assert outbox.open(NOW + timedelta(days=1)) == [] and Book(outbox).statuses("aurora") == []
    assert Book(outbox).token("aurora") is None
    gaps = plan(outbox, [Schedule("aurora", "weekly", "0 8 * * 1", "UTC", ("secret:new",))], NOW + timedelta(days=40))
    assert gaps == [] and tenants.remove(outbox, "aurora", NOW) == 0, "the next tenant makes up nothing"

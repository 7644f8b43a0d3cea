"""The states of all alerts, and the messages that follow from them.

They are tables in the outbox's file, deliveries.db: that a beginning was reported and that its message is planned is
one transaction, so a kill between the two can neither lose nor repeat a message. The status of an alert is one JSON
text that only this module reads.
"""

from __future__ import annotations

import dataclasses
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from serving.alerts import state
from serving.alerts.state import Event, Family, Observation, Status
from serving.deliveries.outbox import Key, Outbox

TABLES = (
    "CREATE TABLE IF NOT EXISTS alerts (tenant TEXT, name TEXT, status TEXT NOT NULL, PRIMARY KEY (tenant, name)) "
    "STRICT",
    "CREATE TABLE IF NOT EXISTS alert_builds (tenant TEXT PRIMARY KEY, token TEXT NOT NULL, as_of TEXT) STRICT",
    "CREATE TABLE IF NOT EXISTS alert_messages (tenant TEXT, window TEXT, day TEXT NOT NULL, is_rest INTEGER NOT NULL, "
    "content TEXT NOT NULL, PRIMARY KEY (tenant, window)) STRICT",
)
_NOTE = (
    "INSERT INTO alert_builds VALUES (?, ?, ?) ON CONFLICT (tenant) DO UPDATE "
    "SET token = excluded.token, as_of = coalesce(excluded.as_of, as_of)"
)
INSTANTS = [field.name for field in dataclasses.fields(Status) if "datetime" in str(field.type)]
REST = "rest"
RETENTION = timedelta(days=60)
"""How long the content of messages stays."""


@dataclass(frozen=True)
class Channel:
    """Where a tenant's messages go. `rules`: only these, None for all. `events`: which changes."""

    name: str
    recipient: str
    rules: frozenset[str] | None = None
    events: frozenset[Event] = frozenset(("begin", "end", "lost"))

    def covers(self, name: str) -> bool:
        """Whether it is for an alert: `delivery_waits/monday` is one of `delivery_waits`."""
        return self.rules is None or name.partition("/")[0] in self.rules


@dataclass(frozen=True)
class Look:
    """All observations of a family at an instant: of data as of `at`, in the build `run`.

    token: any text that changes with the build and with the rules, to recognize what was observed already.
    """

    family: Family
    at: datetime
    run: str
    observations: Sequence[Observation]
    token: str = ""


@dataclass(frozen=True)
class Change:
    """What a message says of an alert: the event, and the status with which it was sent."""

    event: Event
    status: Status


@dataclass(frozen=True)
class Notice:
    """A message: all that began or ended at once. `is_rest`: the last one of a day that was over its budget."""

    tenant: str
    window: str
    changes: tuple[Change, ...]
    is_rest: bool = False


@dataclass(frozen=True)
class Today:
    """The instant, the tenant's calendar day, and the most messages that this day may have."""

    now: datetime
    day: date
    budget: int


class Book:
    """The alerts in the file of an outbox, for any number of threads and processes."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._is_ready = False

    def statuses(self, tenant: str) -> list[Status]:
        """Every alert that was ever observed of a tenant, by name."""
        if not self._outbox.path.exists():  # to read makes no file
            return []
        with self._tables() as db:
            return list(_load(db, tenant).values())

    def token(self, tenant: str) -> str | None:
        """The token of the build that was observed last; None before the first."""
        with self._tables() as db:
            row = db.execute("SELECT token FROM alert_builds WHERE tenant = ?", (tenant,)).fetchone()
        return row[0] if row else None

    def observe(self, tenant: str, looks: Sequence[Look], channels: Sequence[Channel], today: Today) -> Notice | None:
        """Note what is observed, and plan the one message that follows from it; None where nothing is to be sent.

        A build whose data are older than the last one's says nothing. What is due from earlier is sent as well.
        """
        with self._tables() as db:
            statuses = _load(db, tenant)
            for look in looks:
                if look.family == "rule" and not _is_next(db, tenant, look):
                    continue
                _advance(tenant, statuses, look)
            notice = self._plan(db, tenant, statuses, channels, today)
            _save(db, tenant, statuses)
            return notice

    def skip(self, tenant: str, token: str) -> None:
        """Note a build whose rules could not be evaluated: it is not tried again."""
        with self._tables() as db:
            db.execute(_NOTE, (tenant, token, None))

    def due(self, tenant: str, channels: Sequence[Channel], today: Today) -> list[Change]:
        """The changes that `observe` would report now; none where the day's budget is used."""
        with self._tables() as db:
            changes = _due(list(_load(db, tenant).values()), channels, today.now)
            return changes if _window(db, tenant, today) else []

    def change(self, tenant: str, name: str, how: Callable[[Status], Status]) -> Status:
        """Acknowledge or snooze an alert, by a function of state.py."""
        with self._tables() as db:
            statuses = _load(db, tenant)
            statuses[name] = how(statuses.get(name) or Status(tenant, name, "rule"))
            _save(db, tenant, statuses)
            return statuses[name]

    def notice(self, tenant: str, window: str, channel: str) -> Notice | None:
        """A planned message as one channel gets it."""
        with self._tables() as db:
            row = db.execute(
                "SELECT content, is_rest FROM alert_messages WHERE tenant = ? AND window = ?", (tenant, window)
            ).fetchone()
        if row is None:
            return None
        content = json.loads(row[0])
        numbers = content["channels"].get(channel, [])
        changes = [Change(event, _status(status)) for event, status in content["changes"]]
        return Notice(tenant, window, tuple(changes[number] for number in numbers), bool(row[1]))

    def _plan(
        self, db: sqlite3.Connection, tenant: str, statuses: dict[str, Status], channels: Sequence[Channel],
        today: Today,
    ) -> Notice | None:  # fmt: skip
        """Plan a message of everything that is due, within the day's budget, and mark that as reported."""
        changes = _due(list(statuses.values()), channels, today.now)
        by_channel = {
            channel: [
                number
                for number, change in enumerate(changes)
                if channel.covers(change.status.name) and change.event in channel.events
            ]
            for channel in channels
        }
        shares = {channel: numbers for channel, numbers in by_channel.items() if numbers}
        window = _window(db, tenant, today) if shares else ""
        if shares and not window:
            return None  # over the budget: what is still true is sent on the next day
        for change in changes:
            statuses[change.status.name] = state.report(statuses[change.status.name], change.event)
        if not shares:
            return None
        content = {
            "channels": {channel.name: numbers for channel, numbers in shares.items()},
            "changes": [[change.event, _plain(change.status)] for change in changes],
        }
        is_rest = window.endswith(REST)
        old = (today.day - RETENTION).isoformat()
        db.execute("DELETE FROM alert_messages WHERE tenant = ? AND day < ?", (tenant, old))
        db.execute(
            "INSERT INTO alert_messages VALUES (?, ?, ?, ?, ?)",
            (tenant, window, today.day.isoformat(), is_rest, json.dumps(content, ensure_ascii=False)),
        )
        for channel in shares:
            self._outbox.plan(Key("alert", tenant, channel.name, window), [channel.recipient], today.now)
        return Notice(tenant, window, tuple(changes), is_rest)

    @contextmanager
    def _tables(self) -> Iterator[sqlite3.Connection]:
        """The outbox's connection, for one transaction. Raises StateError."""
        with self._outbox.transaction() as db:
            if not self._is_ready:
                for table in TABLES:
                    db.execute(table)
            yield db
        self._is_ready = True


def _advance(tenant: str, statuses: dict[str, Status], look: Look) -> None:
    """Move every alert of a family on. One that is not observed any more was removed; a wait that is not is over."""
    for seen in look.observations:
        old = statuses.get(seen.name) or Status(tenant, seen.name, look.family)
        statuses[seen.name] = state.advance(old, seen, look.at, look.run)
    names = {seen.name for seen in look.observations}
    for name, old in list(statuses.items()):
        if old.family == look.family and name not in names:
            over = Observation(name, old.title, "quiet", old.text, facts=old.facts)
            is_rule = look.family == "rule"
            statuses[name] = (
                state.remove(old, look.at, look.run) if is_rule else state.advance(old, over, look.at, look.run)
            )


def _due(statuses: Sequence[Status], channels: Sequence[Channel], now: datetime) -> list[Change]:
    """What is due of the alerts for which there is a channel: without one, nobody is sent anything."""
    covered = [status for status in statuses if any(channel.covers(status.name) for channel in channels)]
    changes = [Change(event, status) for status in covered if (event := state.due(status, now))]
    return sorted(changes, key=lambda change: (("begin", "lost", "end").index(change.event), change.status.name))


def _window(db: sqlite3.Connection, tenant: str, today: Today) -> str:
    """The name of the next message of a day: 2026-11-20.1, after the budget 2026-11-20.rest, then none.

    The outbox has every message for ever, also where a clock that was ahead has removed its content from this book.
    """
    day = today.day.isoformat()
    rows = db.execute(
        "SELECT DISTINCT window FROM outbox WHERE kind = 'alert' AND tenant = ? AND window BETWEEN ? AND ?",
        (tenant, f"{day}.", f"{day}.{REST}"),
    ).fetchall()
    if (f"{day}.{REST}",) in rows:
        return ""
    return f"{day}.{len(rows) + 1}" if len(rows) < today.budget else f"{day}.{REST}"


def _is_next(db: sqlite3.Connection, tenant: str, look: Look) -> bool:
    """Note a build as the last one that was observed; False where its data are older than those of one before."""
    row = db.execute("SELECT as_of FROM alert_builds WHERE tenant = ?", (tenant,)).fetchone()
    is_older = row is not None and row[0] is not None and look.at < datetime.fromisoformat(row[0])
    db.execute(_NOTE, (tenant, look.token, None if is_older else look.at.isoformat()))
    return not is_older


def _load(db: sqlite3.Connection, tenant: str) -> dict[str, Status]:
    rows = db.execute("SELECT status FROM alerts WHERE tenant = ? ORDER BY name", (tenant,)).fetchall()
    statuses = [_status(json.loads(text)) for (text,) in rows]
    return {status.name: status for status in statuses}


def _save(db: sqlite3.Connection, tenant: str, statuses: Mapping[str, Status]) -> None:
    """Write the statuses, without those of removed rules and past waits of which nothing is left to report."""
    db.execute("DELETE FROM alerts WHERE tenant = ?", (tenant,))
    for name, status in statuses.items():
        is_past = not status.active and not status.reported
        is_over = status.state == "removed" or (status.family == "wait" and not status.snoozed_until)
        if not (is_past and is_over):
            text = json.dumps(_plain(status), ensure_ascii=False)
            db.execute("INSERT INTO alerts VALUES (?, ?, ?)", (tenant, name, text))


def _plain(status: Status) -> dict[str, Any]:
    """A status as JSON has it."""
    values = {field.name: getattr(status, field.name) for field in dataclasses.fields(status)}
    return values | {name: values[name] and values[name].isoformat() for name in INSTANTS}


def _status(values: dict[str, Any]) -> Status:
    return Status(**values | {name: values[name] and datetime.fromisoformat(values[name]) for name in INSTANTS})

"""The outbox: which message goes to whom, and how far it came. Each message arrives once, or is listed as unknown.

    planned ──▶ rendered ──▶ sending ──▶ sent | failed | unknown
       │            ▲           │
       ▼            └── later ──┘
    skipped

One row per key and recipient, so that planning the same again changes nothing. The rendered message is stored: another
attempt sends the same bytes, and two recipients of one window read the same numbers. `sending` is on the disk before
the first byte goes out; where the sender dies then, nobody knows whether the message arrived, so it becomes `unknown`
and is not sent again by itself (docs/decisions/0038).

It is SQLite, in a file of its own: several processes write at once, each change is one transaction that a kill cannot
halve. A recipient is the secret's reference in takings.toml, never the address behind it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from serving.deliveries.database import DurableDatabase
from serving.deliveries.message import Message
from serving.deliveries.senders import Senders
from serving.errors import UnknownMessageError

State = Literal["planned", "rendered", "sending", "sent", "failed", "unknown", "skipped"]
Kind = Literal["report", "alert"]
ENDED = ("sent", "failed", "unknown")
TABLES = """
CREATE TABLE IF NOT EXISTS outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL, tenant TEXT NOT NULL, name TEXT NOT NULL, window TEXT NOT NULL, recipient TEXT NOT NULL,
    state TEXT NOT NULL, hash TEXT, attempts INTEGER NOT NULL, next_attempt INTEGER, detail TEXT NOT NULL, sender TEXT,
    due INTEGER NOT NULL, planned INTEGER NOT NULL, rendered INTEGER, sending INTEGER, ended INTEGER,
    UNIQUE (kind, tenant, name, window, recipient)
) STRICT;
CREATE INDEX IF NOT EXISTS open_rows ON outbox (state, due) WHERE state IN ('planned', 'rendered', 'sending');
CREATE TABLE IF NOT EXISTS messages (hash TEXT PRIMARY KEY, content BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS files (hash TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS message_files (message TEXT, file TEXT, PRIMARY KEY (message, file)) STRICT;
"""
FIELDS = (
    "id, kind, tenant, name, window, recipient, state, hash, attempts, next_attempt, detail, due, planned, rendered, "
    "sending, ended"
)


@dataclass(frozen=True)
class Key:
    """What one message is about. `window`: which one of its name, such as an instant of its schedule."""

    kind: Kind
    tenant: str
    name: str
    window: str


@dataclass(frozen=True)
class Entry:
    """A message for one recipient with its history. Instants are UTC.

    `due`: from when it should be sent. `detail`: the receipt, why it waits, or why it failed.
    """

    id: int
    key: Key
    recipient: str
    state: State
    hash: str | None
    attempts: int
    next_attempt: datetime | None
    detail: str
    due: datetime
    planned: datetime
    rendered: datetime | None
    sending: datetime | None
    ended: datetime | None

    @property
    def message_id(self) -> str:
        """The same for every attempt to send this message to this recipient: 32 hexadecimal digits."""
        key = self.key
        parts = (key.kind, key.tenant, key.name, key.window, self.recipient)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


class Outbox(DurableDatabase):
    """The file `deliveries.db` of a folder, for any number of threads and processes. Its methods raise StateError where
    the file cannot be used."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder / "deliveries.db", TABLES, "outbox")
        self.senders = Senders(folder / "senders")

    def plan(
        self, key: Key, recipients: Sequence[str], now: datetime, *, due: datetime | None = None,
        message: Message | None = None,
    ) -> bool:  # fmt: skip
        """Note that the message of this key goes to these recipients, from the instant `due` (by default now).

        `message`: where it is rendered already. Returns whether any recipient is new; what is known stays as it is.
        """
        with self.transaction() as db:
            before = db.total_changes
            for recipient in dict.fromkeys(recipients):
                db.execute(
                    "INSERT INTO outbox (kind, tenant, name, window, recipient, state, attempts, detail, due, planned) "
                    "VALUES (?, ?, ?, ?, ?, 'planned', 0, '', ?, ?) ON CONFLICT DO NOTHING",
                    (*_values(key), recipient, _seconds(due or now), _seconds(now)),
                )
            is_new = db.total_changes > before
            if message:
                self.store(key, message, now)
            return is_new

    def open(self, now: datetime, kind: Kind | None = None) -> list[Entry]:
        """What should be sent now (of a kind): due, and not before its next attempt. The oldest first.

        A next attempt counts from the last one: where the clock was set back behind that, it is due.
        """
        instant = _seconds(now)
        return self._entries(
            "state IN ('planned', 'rendered') AND due <= ?1 AND (?2 IS NULL OR kind = ?2) "
            "AND (next_attempt IS NULL OR next_attempt <= ?1 OR sending > ?1) ORDER BY due, id",
            (instant, kind),
        )

    def entries(self, tenant: str | None = None, kind: Kind | None = None) -> list[Entry]:
        """All messages, or those of a tenant or a kind, the newest first."""
        return self._entries(
            "(?1 IS NULL OR tenant = ?1) AND (?2 IS NULL OR kind = ?2) ORDER BY due DESC, id DESC", (tenant, kind)
        )

    def find(self, number: int) -> Entry:
        """The message of this id. Raises UnknownMessageError."""
        for entry in self._entries("id = ?", (number,)):
            return entry
        raise UnknownMessageError(
            f"There is no message {number}", "the outbox has no such id", "`takings deliveries` shows them"
        )

    def store(self, key: Key, message: Message, now: datetime) -> None:
        """Keep the rendered message for every recipient of a key; where one is stored already, that one stays."""
        with self.transaction() as db:
            where = "kind = ? AND tenant = ? AND name = ? AND window = ?"
            stored = db.execute(f"SELECT max(hash) FROM outbox WHERE {where}", _values(key)).fetchone()[0]
            if stored is None:
                stored = message.hash
                content, bodies = message.dump()
                db.execute("INSERT INTO messages VALUES (?, ?) ON CONFLICT DO NOTHING", (stored, content))
                for name, body in bodies.items():  # many messages share a file
                    db.execute("INSERT INTO files VALUES (?, ?) ON CONFLICT DO NOTHING", (name, body))
                    db.execute("INSERT INTO message_files VALUES (?, ?) ON CONFLICT DO NOTHING", (stored, name))
            db.execute(
                f"UPDATE outbox SET state = 'rendered', hash = ?, detail = '', rendered = ? "
                f"WHERE {where} AND state = 'planned'",
                (stored, _seconds(now), *_values(key)),
            )

    def wait(self, key: Key, why: str) -> None:
        """Say why the message of a key cannot be rendered yet."""
        with self.transaction() as db:
            db.execute(
                "UPDATE outbox SET detail = ? WHERE kind = ? AND tenant = ? AND name = ? AND window = ? "
                "AND state = 'planned' AND detail <> ?",
                (why, *_values(key), why),
            )

    def message(self, entry: Entry) -> Message | None:
        """The rendered message; None where it is not rendered, or was removed by `forget`."""
        with self.transaction("DEFERRED") as db:
            row = db.execute("SELECT content FROM messages WHERE hash = ?", (entry.hash,)).fetchone()
            bodies = db.execute(
                "SELECT hash, body FROM files WHERE hash IN (SELECT file FROM message_files WHERE message = ?)",
                (entry.hash,),
            ).fetchall()
        return Message.load(row[0], dict(bodies)) if row else None

    def claim(self, entry: Entry, now: datetime) -> Entry | None:
        """Make a rendered message `sending`, by this process alone; None where another one has it or it has ended.

        It is on the disk when this returns.
        """
        with self.transaction() as db:
            taken = db.execute(
                "UPDATE outbox SET state = 'sending', sender = ?, sending = ?, attempts = attempts + 1, "
                "next_attempt = NULL, detail = '' WHERE id = ? AND state = 'rendered' AND attempts = ?",
                (self.senders.own(), _seconds(now), entry.id, entry.attempts),
            ).rowcount
            return self.find(entry.id) if taken else None

    def end(self, entry: Entry, state: State, detail: str, now: datetime, again: datetime | None = None) -> Entry:
        """Note what came of a claimed message. `again`: when to try once more, for the state `rendered`."""
        with self.transaction() as db:
            db.execute(
                "UPDATE outbox SET state = ?, detail = ?, ended = ?, next_attempt = ?, sender = NULL "
                "WHERE id = ? AND state = 'sending' AND sender = ?",
                (state, detail, _seconds(now) if state in ENDED else None, again and _seconds(again), entry.id,
                 self.senders.own()),
            )  # fmt: skip
            return self.find(entry.id)

    def cancel(self, entry: Entry, why: str, now: datetime) -> None:
        """End a message that no process sends and nobody may send any more."""
        with self.transaction() as db:
            db.execute(
                "UPDATE outbox SET state = 'failed', detail = ?, ended = ? WHERE id = ? "
                "AND state IN ('planned', 'rendered')",
                (why, _seconds(now), entry.id),
            )

    def replace(self, key: Key, why: str, now: datetime) -> None:
        """Skip the other windows of a name that are not rendered yet."""
        with self.transaction() as db:
            db.execute(
                "UPDATE outbox SET state = 'skipped', detail = ?, ended = ? WHERE kind = ? AND tenant = ? "
                "AND name = ? AND window <> ? AND state = 'planned'",
                (why, _seconds(now), *_values(key)),
            )

    def recover(self, now: datetime) -> list[Entry]:
        """Make `unknown` what a dead process was sending; returns these messages."""
        with self.transaction() as db:
            names = [name for (name,) in db.execute("SELECT DISTINCT sender FROM outbox WHERE state = 'sending'")]
            lost = []
            for name in names:
                if not self.senders.is_alive(name):
                    lost += self._entries("state = 'sending' AND sender = ?", (name,))
                    db.execute(
                        "UPDATE outbox SET state = 'unknown', ended = ?, sender = NULL, detail = ? "
                        "WHERE state = 'sending' AND sender = ?",
                        (_seconds(now), "the process that sent it ended before it had an answer", name),
                    )
            ended = [self.find(entry.id) for entry in lost]
        self.senders.remove_dead()
        return ended

    def retry(self, number: int, now: datetime) -> Entry:
        """Let a message that failed or is unknown be sent again. Raises UnknownMessageError where that is not so."""
        with self.transaction() as db:
            entry = self.find(number)
            if entry.state not in ("failed", "unknown"):
                raise UnknownMessageError(
                    f"Message {number} cannot be sent again",
                    f"its state is {entry.state}",
                    "Only those that failed or are unknown can; `takings deliveries` shows them",
                )
            if entry.hash and self.message(entry) is None:
                raise UnknownMessageError(
                    f"Message {number} cannot be sent again", "its content is not stored any more, since it is too old"
                )
            state = "rendered" if entry.hash else "planned"
            db.execute(
                "UPDATE outbox SET state = ?, next_attempt = NULL, attempts = 0, detail = '', ended = NULL, "
                "rendered = ? WHERE id = ?",
                (state, _seconds(now), number),
            )
            return self.find(number)

    def forget(self, now: datetime, age: timedelta = timedelta(days=30)) -> None:
        """Remove the content of messages that ended so long ago; the rows stay, so that nothing is planned again."""
        with self.transaction() as db:
            db.execute(
                "DELETE FROM messages WHERE hash NOT IN "
                "(SELECT hash FROM outbox WHERE hash IS NOT NULL AND (ended IS NULL OR ended > ?))",
                (_seconds(now - age),),
            )
            db.execute("DELETE FROM message_files WHERE message NOT IN (SELECT hash FROM messages)")
            db.execute("DELETE FROM files WHERE hash NOT IN (SELECT file FROM message_files)")

    def close(self) -> None:
        """Close the file and end this process's sender. Nothing may be claimed."""
        super().close()
        self.senders.close()

    def _entries(self, where: str, values: Sequence[Any]) -> list[Entry]:
        with self.transaction("DEFERRED") as db:
            return [_entry(row) for row in db.execute(f"SELECT {FIELDS} FROM outbox WHERE {where}", values).fetchall()]


def _values(key: Key) -> tuple[str, str, str, str]:
    return key.kind, key.tenant, key.name, key.window


def _entry(row: tuple[Any, ...]) -> Entry:
    number, kind, tenant, name, window, recipient, state, content_hash, attempts, again, detail, *times = row
    due, planned, *later = times
    again, rendered, sending, ended = (None if value is None else _instant(value) for value in (again, *later))
    return Entry(
        number, Key(kind, tenant, name, window), recipient, state, content_hash, attempts, again, detail,
        _instant(due), _instant(planned), rendered, sending, ended,
    )  # fmt: skip


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)

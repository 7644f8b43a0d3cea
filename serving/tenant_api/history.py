"""Every version of the settings of each tenant's assistant: who changed what, when, what was before and what is now.

A change is written with the version that it was made for: where somebody else was quicker, nothing is written. What a
source knows of the store (`store_profile`) are the first versions; from the first change by a person on, a source
changes nothing.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from serving.database import Database
from serving.errors import ChangedMeanwhileError, UnknownVersionError
from serving.tenant_api.profile import Profile, stored

Kind = Literal["login", "token", "source", "command"]
TABLE = """
CREATE TABLE IF NOT EXISTS settings_versions (
    tenant TEXT NOT NULL, version INTEGER NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL,
    kind TEXT NOT NULL, changed_by TEXT NOT NULL, changed_at INTEGER NOT NULL, restored INTEGER,
    PRIMARY KEY (tenant, version)
) STRICT
"""
FIELDS = "tenant, version, before, after, kind, changed_by, changed_at, restored"
LISTED = 50


@dataclass(frozen=True)
class Author:
    """Who changes settings: a login's name, a token's id, the name of a source, or who works at the command line."""

    kind: Kind
    name: str

    def __str__(self) -> str:
        return self.name if self.kind in ("login", "command") else f"{self.kind} {self.name}"


@dataclass(frozen=True)
class Version:
    """The settings after a change, and those before it. `restored`: the earlier version that it is a copy of.

    The instant is UTC. A tenant without any has the version 0 with no field, no author and no instant.
    """

    tenant: str
    number: int
    before: Profile
    after: Profile
    author: Author | None = None
    changed_at: datetime | None = None
    restored: int | None = None

    @property
    def changed(self) -> list[str]:
        """The names of the fields that it changed."""
        return self.after.changed(self.before)


class History:
    """The file `settings.db` of a folder, for any number of threads and processes. Its methods raise StateError."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "settings.db"
        self._database = Database(self.path, TABLE, "the settings of all assistants are empty then")

    def newest(self, tenant: str) -> Version:
        """The settings that count."""
        if not self.path.exists():  # to read makes no file
            return Version(tenant, 0, Profile(), Profile())
        with self._database.transaction() as db:
            return _newest(db, tenant)

    def version(self, tenant: str, number: int) -> Version:
        """One version. Raises UnknownVersionError."""
        with self._database.transaction() as db:
            row = db.execute(
                f"SELECT {FIELDS} FROM settings_versions WHERE tenant = ? AND version = ?", (tenant, number)
            ).fetchone()
        if row is None:
            raise UnknownVersionError(f"There is no version {number} of these settings")
        return _version(row)

    def versions(self, tenant: str | None = None, *, most: int | None = LISTED) -> list[Version]:
        """The versions of a tenant, or of all, the newest first."""
        if not self.path.exists():
            return []
        where, values = ("", ()) if tenant is None else ("WHERE tenant = ?", (tenant,))
        limit = "" if most is None else f"LIMIT {most}"
        order = "ORDER BY changed_at DESC, version DESC"
        with self._database.transaction() as db:
            rows = db.execute(f"SELECT {FIELDS} FROM settings_versions {where} {order} {limit}", values).fetchall()
        return [_version(row) for row in rows]

    def save(
        self, tenant: str, profile: Profile, author: Author, now: datetime, *, expected: int,
        restored: int | None = None,
    ) -> Version:  # fmt: skip
        """Make a profile the newest version; where it equals the newest, nothing is written.

        `expected`: the version that the change was made for. Raises ChangedMeanwhileError where it is not the newest.
        """
        with self._database.transaction() as db:
            db.execute("BEGIN IMMEDIATE")  # nobody writes between the look and the change
            last = _newest(db, tenant)
            if last.number != expected:
                raise ChangedMeanwhileError(last.number)
            return _add(db, last, profile, author, now, restored)

    def of_source(self, tenant: str, profile: Profile, source: str, now: datetime) -> bool:
        """Note what a source says of the store, until somebody changes the settings. Returns whether it was new."""
        with self._database.transaction() as db:
            db.execute("BEGIN IMMEDIATE")
            last = _newest(db, tenant)
            if last.author is not None and last.author.kind != "source":
                return False
            return _add(db, last, profile, Author("source", source), now, None).number > last.number

    def rename(self, old: str, new: str) -> int:
        """Give the versions of a tenant to its new id, where that has none; returns how many."""
        if not self.path.exists():
            return 0
        with self._database.transaction() as db:
            db.execute("BEGIN IMMEDIATE")
            if _newest(db, new).number:
                return 0
            return db.execute("UPDATE settings_versions SET tenant = ? WHERE tenant = ?", (new, old)).rowcount

    def clear(self, tenant: str, by: str, now: datetime) -> bool:
        """Empty the settings of a tenant that is removed, since another one may get its id; returns whether there were
        any."""
        last = self.newest(tenant)
        if not last.number:
            return False
        return self.save(tenant, Profile(), Author("command", by), now, expected=last.number).number > last.number


def _add(
    db: sqlite3.Connection, last: Version, profile: Profile, author: Author, now: datetime, restored: int | None
) -> Version:
    if profile == last.after:
        return last
    at = now.replace(microsecond=0)
    new = Version(last.tenant, last.number + 1, last.after, profile, author, at, restored)
    values = (
        new.tenant, new.number, new.before.text(), new.after.text(), author.kind, author.name, int(at.timestamp()),
        restored,
    )  # fmt: skip
    db.execute(f"INSERT INTO settings_versions ({FIELDS}) VALUES ({', '.join('?' * len(values))})", values)
    return new


def _newest(db: sqlite3.Connection, tenant: str) -> Version:
    row = db.execute(
        f"SELECT {FIELDS} FROM settings_versions WHERE tenant = ? ORDER BY version DESC LIMIT 1", (tenant,)
    ).fetchone()
    return _version(row) if row else Version(tenant, 0, Profile(), Profile())


def _version(row: tuple[str, int, str, str, Kind, str, int, int | None]) -> Version:
    tenant, number, before, after, kind, by, at, restored = row
    changed_at = datetime.fromtimestamp(at, UTC)
    return Version(tenant, number, stored(before), stored(after), Author(kind, by), changed_at, restored)

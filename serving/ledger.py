"""The ledger of links: who made which one, when, until when, and whether it was revoked.

A token is valid by its signature, but only the ledger can end a link before its time, and list what is open. It holds
no token: a token can be made again from its row and the key.

A link that the ledger does not know is treated as revoked: an old copy of the ledger must not open what has ended.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from serving.database import Database
from serving.errors import EndedError, UnknownLinkError
from serving.links import Link

TABLE = """
CREATE TABLE IF NOT EXISTS links (
    id TEXT PRIMARY KEY, key TEXT NOT NULL, report TEXT NOT NULL, tenant TEXT NOT NULL, expires INTEGER NOT NULL,
    first_day TEXT, last_day TEXT, rolling TEXT,
    made_by TEXT NOT NULL, made_at INTEGER NOT NULL, revoked_by TEXT, revoked_at INTEGER
) STRICT
"""
FIELDS = "id, key, report, tenant, expires, first_day, last_day, rolling, made_by, made_at, revoked_by, revoked_at"


@dataclass(frozen=True)
class Entry:
    """A link with its history. Instants are UTC."""

    link: Link
    made_by: str
    made_at: datetime
    revoked_by: str | None
    revoked_at: datetime | None

    def state(self, now: datetime) -> str:
        """live, expired or revoked."""
        if self.revoked_at:
            return "revoked"
        return "expired" if self.link.expiry <= now else "live"


class Ledger:
    """The file `links.db` of a folder, for any number of threads and processes."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "links.db"
        self._database = Database(self.path, TABLE, "all links end then")

    def add(self, link: Link, made_by: str, now: datetime) -> None:
        """Note a link, before anybody gets its address."""
        first, last = (day.isoformat() for day in link.days) if link.days else (None, None)
        row = (link.id, link.key, link.report, link.tenant, link.expires, first, last, link.rolling)
        with self._database.transaction() as db:
            values = (*row, made_by, int(now.timestamp()), None, None)
            db.execute(f"INSERT INTO links ({FIELDS}) VALUES ({', '.join('?' * len(values))})", values)

    def check(self, link: Link, now: datetime) -> None:
        """Raise EndedError where a signed link has expired, was revoked, or is unknown."""
        entry = self.find(link.id)
        state = entry.state(now) if entry and entry.link == link else "revoked"
        if state != "live":
            raise EndedError(expired=state == "expired")

    def find(self, number: str) -> Entry | None:
        """The link of this id."""
        with self._database.transaction() as db:
            row = db.execute(f"SELECT {FIELDS} FROM links WHERE id = ?", (number,)).fetchone()
        return _entry(row) if row else None

    def entries(self, tenant: str | None = None) -> list[Entry]:
        """All links, or those of a tenant, the newest first."""
        where, values = ("", ()) if tenant is None else ("WHERE tenant = ?", (tenant,))
        with self._database.transaction() as db:
            rows = db.execute(
                f"SELECT {FIELDS} FROM links {where} ORDER BY made_at DESC, rowid DESC", values
            ).fetchall()
        return [_entry(row) for row in rows]

    def live(self, now: datetime, tenant: str | None = None) -> list[Entry]:
        """Those that open now."""
        return [entry for entry in self.entries(tenant) if entry.state(now) == "live"]

    def revoke(self, number: str, by: str, now: datetime, tenant: str | None = None) -> Entry:
        """End a link at once; repeated, it changes nothing. `tenant`: only where it is a link of this tenant.

        Raises UnknownLinkError.
        """
        where, values = ("", ()) if tenant is None else (" AND tenant = ?", (tenant,))
        with self._database.transaction() as db:
            db.execute(
                f"UPDATE links SET revoked_by = ?, revoked_at = ? WHERE id = ? AND revoked_at IS NULL{where}",
                (by, int(now.timestamp()), number, *values),
            )
        entry = self.find(number)
        if entry is None or (tenant is not None and entry.link.tenant != tenant):
            raise UnknownLinkError(
                f"There is no link {number!r}", "the ledger has no such id", "`takings share list` shows them"
            )
        return entry


def _entry(row: tuple[str, str, str, str, int, str, str, str, str, int, str, int]) -> Entry:
    number, key, report, tenant, expires, first, last, rolling, made_by, made_at, revoked_by, revoked_at = row
    days = (date.fromisoformat(first), date.fromisoformat(last)) if first else None
    return Entry(
        Link(number, key, report, tenant, expires, days, rolling), made_by, datetime.fromtimestamp(made_at, UTC),
        revoked_by, datetime.fromtimestamp(revoked_at, UTC) if revoked_at else None,
    )  # fmt: skip

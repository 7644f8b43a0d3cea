"""Bearer tokens: a program that has one reads the numbers of one tenant, until it expires or is revoked.

    takings_3f9a1c2b7d10_XBH6…k0qTf8WZ

The name, the token's id (twelve hexadecimal digits), then a secret of 43 letters and digits with a checksum of six: so
scanners for secrets recognize a token that was published by mistake, and a mistyped one is refused without a look-up.

The ledger `tokens.db` holds the SHA-256 of each token and never the token: whoever reads the file can use none. A plain
hash is enough, since nobody can try all secrets of 256 bits. A token that the ledger does not know is refused.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
import string
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from semantic.errors import UnknownNameError
from serving.database import Database
from serving.errors import EndedTokenError, RefusedTokenError, StateError, UnknownTokenError

PREFIX = "takings"
FORM = re.compile(rf"{PREFIX}_([0-9a-f]{{12}})_([0-9A-Za-z]{{43}})([0-9A-Za-z]{{6}})")
LETTERS = string.digits + string.ascii_uppercase + string.ascii_lowercase
SECRET, CHECKSUM = 43, 6  # letters: 62 ** 43 is more than 2 ** 256, 62 ** 6 more than 2 ** 32
READING = ("metrics", "reports", "alerts")
"""What a token may read: metrics and their answers, reports, alerts. Freshness is open to every token."""
SCOPES = (*READING, "settings")
"""`settings` changes the settings of the tenant's assistant. Only a token that was made for it has it."""
A_MINUTE = timedelta(minutes=1)
TABLE = """
CREATE TABLE IF NOT EXISTS tokens (
    id TEXT PRIMARY KEY, sha256 BLOB NOT NULL, tenant TEXT NOT NULL, scopes TEXT NOT NULL, name TEXT NOT NULL,
    expires INTEGER NOT NULL, made_by TEXT NOT NULL, made_at INTEGER NOT NULL, revoked_by TEXT, revoked_at INTEGER,
    used_at INTEGER
) STRICT
"""
FIELDS = "id, tenant, scopes, name, expires, made_by, made_at, revoked_by, revoked_at, used_at"
NOBODY = hashlib.sha256(b"").digest()
log = logging.getLogger("takings.serving")


@dataclass(frozen=True)
class Token:
    """A token's entry in the ledger, without its secret. Instants are UTC; `used_at` is exact to the minute."""

    id: str
    tenant: str
    scopes: frozenset[str]
    name: str
    expires: datetime
    made_by: str
    made_at: datetime
    revoked_by: str | None
    revoked_at: datetime | None
    used_at: datetime | None

    def state(self, now: datetime) -> str:
        """live, expired or revoked."""
        if self.revoked_at:
            return "revoked"
        return "expired" if self.expires <= now else "live"


class Tokens:
    """The file `tokens.db` of a folder, for any number of threads and processes."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "tokens.db"
        self._database = Database(self.path, TABLE, "all tokens end then")

    def make(
        self, tenant: str, scopes: Collection[str], lifetime: timedelta, *, by: str, now: datetime, name: str = ""
    ) -> tuple[str, Token]:
        """A new token, which nobody can read again, and its entry. Raises UnknownNameError for an unknown scope."""
        for scope in scopes:
            if scope not in SCOPES:
                raise UnknownNameError("scope", scope, SCOPES)
        number = secrets.token_hex(6)
        start = f"{PREFIX}_{number}_{''.join(secrets.choice(LETTERS) for _ in range(SECRET))}"
        text = start + _checksum(start)
        ordered = ",".join(scope for scope in SCOPES if scope in scopes)
        made_at, expires = int(now.timestamp()), int((now + lifetime).timestamp())
        values = (number, tenant, ordered, name, expires, by, made_at, None, None, None)
        with self._database.transaction() as db:
            places = ", ".join("?" * (len(values) + 1))
            db.execute(f"INSERT INTO tokens ({FIELDS}, sha256) VALUES ({places})", (*values, _digest(text)))
        return text, _entry(values)

    def check(self, text: str, now: datetime) -> Token:
        """The entry of a token that is live, and note its use, at most once a minute.

        Raises RefusedTokenError for whatever is not a token of ours, and EndedTokenError for one that was.
        """
        match = FORM.fullmatch(text)
        if match is None or _checksum(text[:-CHECKSUM]) != match[3]:
            raise RefusedTokenError
        with self._database.transaction() as db:
            row = db.execute(f"SELECT sha256, {FIELDS} FROM tokens WHERE id = ?", (match[1],)).fetchone()
        known, *values = row or (NOBODY,)
        if not hmac.compare_digest(known, _digest(text)):
            raise RefusedTokenError
        entry = _entry(values)
        if (state := entry.state(now)) != "live":
            raise EndedTokenError(expired=state == "expired")
        if entry.used_at is None or now - entry.used_at >= A_MINUTE:
            self._note_use(entry.id, now)
        return entry

    def entries(self, tenant: str | None = None) -> list[Token]:
        """All tokens, or those of a tenant, the newest first."""
        where, values = ("", ()) if tenant is None else ("WHERE tenant = ?", (tenant,))
        with self._database.transaction() as db:
            rows = db.execute(
                f"SELECT {FIELDS} FROM tokens {where} ORDER BY made_at DESC, rowid DESC", values
            ).fetchall()
        return [_entry(row) for row in rows]

    def revoke(self, number: str, by: str, now: datetime) -> Token:
        """End a token at once; repeated, it changes nothing. Raises UnknownTokenError."""
        with self._database.transaction() as db:
            db.execute(
                "UPDATE tokens SET revoked_by = ?, revoked_at = ? WHERE id = ? AND revoked_at IS NULL",
                (by, int(now.timestamp()), number),
            )
            row = db.execute(f"SELECT {FIELDS} FROM tokens WHERE id = ?", (number,)).fetchone()
        if row is None:
            raise UnknownTokenError(
                f"There is no token {number!r}", "the ledger has no such id", "`takings token list` shows them"
            )
        return _entry(row)

    def _note_use(self, number: str, now: datetime) -> None:
        """A full disk ends no reading."""
        at = int(now.timestamp())
        try:
            with self._database.transaction() as db:
                db.execute(
                    "UPDATE tokens SET used_at = ? WHERE id = ? AND (used_at IS NULL OR used_at < ?)", (at, number, at)
                )
        except StateError as error:
            log.warning("The use of a token was not noted. %s", error)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _checksum(text: str) -> str:
    """Six letters of a CRC-32: it finds mistakes and does not protect."""
    number, letters = zlib.crc32(text.encode()), ""
    for _ in range(CHECKSUM):
        number, place = divmod(number, len(LETTERS))
        letters = LETTERS[place] + letters
    return letters


def _entry(row: Any) -> Token:
    number, tenant, scopes, name, expires, made_by, made_at, revoked_by, revoked_at, used_at = row
    return Token(
        number, tenant, frozenset(scopes.split(",")), name, datetime.fromtimestamp(expires, UTC), made_by,
        datetime.fromtimestamp(made_at, UTC), revoked_by, _instant(revoked_at), _instant(used_at),
    )  # fmt: skip


def _instant(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)

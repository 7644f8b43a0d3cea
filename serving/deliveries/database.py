"""An SQLite file whose commits are on the disk, and whose transactions may be parts of another one."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from serving.database import Database
from serving.errors import StateError

ADVICE = (
    "Free some space if the disk is full. If it is damaged, move it away: what it had planned is not sent then, and "
    "nothing twice; an older copy would send again what was sent since"
)


class DurableDatabase(Database):
    """A file, made at first use. `checked`: the table whose rows and indexes are compared when the file is opened."""

    def __init__(self, path: Path, tables: str, checked: str) -> None:
        super().__init__(path, tables, "")
        self._advice, self._checked = ADVICE, checked
        self._own_lock = threading.RLock()

    @contextmanager
    def transaction(self, mode: Literal["IMMEDIATE", "DEFERRED"] = "IMMEDIATE") -> Iterator[sqlite3.Connection]:
        """The connection, for one transaction of one thread; one inside another is part of it. DEFERRED: to read.

        Raises StateError where the file cannot be used.
        """
        with self._own_lock:
            try:
                if self._open is None:
                    self._open = self._connect()
                if self._open.in_transaction:
                    yield self._open
                    return
                self._open.execute(f"BEGIN {mode}")
                try:
                    yield self._open
                    self._open.execute("COMMIT")
                except BaseException:
                    if self._open.in_transaction:  # SQLite itself may have ended it, where the disk is full
                        self._open.execute("ROLLBACK")
                    raise
            except (sqlite3.Error, OSError) as error:
                raise StateError(f"{self.path} cannot be used, so nothing is sent", str(error), self._advice) from error

    def close(self) -> None:
        """Close the file."""
        with self._own_lock:
            if self._open:
                self._open.close()
            self._open = None

    def _prepare(self, db: sqlite3.Connection) -> None:
        db.isolation_level = None  # transactions begin where `transaction` says
        db.execute("PRAGMA synchronous = FULL")  # a commit is on the disk, also after a power failure
        super()._prepare(db)
        problem = db.execute(f"PRAGMA integrity_check('{self._checked}')").fetchone()[0]
        if problem != "ok":
            raise sqlite3.DatabaseError(problem)

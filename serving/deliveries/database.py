"""An SQLite file that several threads and processes change, and whose commits are on the disk."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from serving.errors import StateError

PATIENCE = 30  # seconds that a writer waits for another one


class Database:
    """A file with tables. `checked`: the table whose rows and indexes are compared when the file is opened."""

    def __init__(self, path: Path, tables: str, checked: str) -> None:
        self.path = path
        self._tables, self._checked = tables, checked
        self._lock = threading.RLock()
        self._open: sqlite3.Connection | None = None

    @contextmanager
    def transaction(self, mode: Literal["IMMEDIATE", "DEFERRED"] = "IMMEDIATE") -> Iterator[sqlite3.Connection]:
        """The connection, for one transaction of one thread; one inside another is part of it. DEFERRED: to read.

        Raises StateError where the file cannot be used.
        """
        with self._lock:
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
                raise StateError(
                    f"{self.path} cannot be used, so nothing is sent",
                    str(error),
                    "Free some space if the disk is full. If it is damaged, move it away: what it had planned is not "
                    "sent then, and nothing twice; an older copy would send again what was sent since",
                ) from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._open:
                self._open.close()
            self._open = None

    def _connect(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.path.parent / f"{self.path.name}.lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # two processes that make a file at once refuse each other at once
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            db = sqlite3.connect(self.path, timeout=PATIENCE, check_same_thread=False, isolation_level=None)
            try:
                self._prepare(db)
            except BaseException:
                db.close()
                raise
            return db

    def _prepare(self, db: sqlite3.Connection) -> None:
        db.execute("PRAGMA journal_mode = WAL")  # readers do not wait for a writer
        db.execute("PRAGMA synchronous = FULL")  # a commit is on the disk, also after a power failure
        db.executescript(self._tables)
        problem = db.execute(f"PRAGMA integrity_check('{self._checked}')").fetchone()[0]
        if problem != "ok":
            raise sqlite3.DatabaseError(problem)

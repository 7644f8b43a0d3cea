"""A SQLite file of the web application, which its owner alone may read: for any number of threads and processes.

Each change is one transaction that a kill cannot halve, and readers do not wait for a writer. It needs no server. It is
not part of the warehouse, which has one writer and is rebuilt.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serving.errors import StateError

PATIENCE = 30  # seconds that a writer waits for another one


class Database:
    """A file, made at first use with its folder. `tables` are the statements that make what is missing in it.

    `without`: what a removal of the damaged file would mean, for the message about it.
    """

    def __init__(self, path: Path, tables: str, without: str) -> None:
        self.path = path
        self._tables = tables
        self._advice = f"Put back a copy of it, or remove it: {without}"
        self._lock = threading.Lock()
        self._open: sqlite3.Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """The connection, for one transaction of one thread. Raises StateError where the file cannot be used."""
        with self._lock:
            try:
                if self._open is None:
                    self._open = self._connect()
                with self._open:
                    yield self._open
            except (sqlite3.Error, OSError) as error:
                raise StateError(f"{self.path} cannot be used", str(error), self._advice) from error

    def _connect(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = os.open(self.path.parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)  # SQLite refuses one of two processes that change to WAL at once
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))
            db = sqlite3.connect(self.path, timeout=PATIENCE, check_same_thread=False)
            try:
                self._prepare(db)
            except BaseException:
                db.close()
                raise
            return db
        finally:
            os.close(folder)

    def _prepare(self, db: sqlite3.Connection) -> None:
        db.execute("PRAGMA journal_mode = WAL")  # readers do not wait for a writer
        db.executescript(self._tables)

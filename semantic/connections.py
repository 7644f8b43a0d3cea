"""Connections to PostgreSQL that readers use one after another: to make one costs more than most questions."""

from __future__ import annotations

import atexit
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from common.postgres import CONNECT_SECONDS, advice, without_password
from semantic.errors import UnreachableError

Connection = psycopg.Connection[tuple[Any, ...]]
DATABASE = "the PostgreSQL database of the published build"
"""Its name in messages."""
MOST, SECONDS = 4, 30.0
"""Idle connections of a process, and how long each waits for the next question: firewalls forget it after minutes."""
SESSION = "set TimeZone = 'UTC'; set search_path = pg_catalog; set jit = off; set standard_conforming_strings = on"
LOST = 30_000  # milliseconds after which a server that does not even acknowledge is gone


class Connections:
    """Of all databases that a process reads; for any number of threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._idle: deque[tuple[float, str, Connection]] = deque()
        self._lock, self._clock = threading.Lock(), clock
        atexit.register(self.close)

    @contextmanager
    def transaction(self, uri: str, first: str) -> Iterator[tuple[Connection, list[tuple[Any, ...]]]]:
        """A transaction that only reads and sees one state of the database, and the rows of its first statement.

        Raises UnreachableError where the server cannot be reached or refuses the login, else psycopg.Error.
        """
        connection, rows = self._begin(uri, first)
        try:
            yield connection, rows
        finally:
            self._end(uri, connection)

    @property
    def idle(self) -> int:
        """How many connections wait for a question."""
        return len(self._idle)

    def close(self) -> None:
        """Close what is idle."""
        with self._lock:
            while self._idle:
                self._idle.pop()[2].close()

    def _begin(self, uri: str, first: str) -> tuple[Connection, list[tuple[Any, ...]]]:
        while (connection := self._take(uri)) is not None:
            try:
                return connection, connection.execute(first.encode()).fetchall()
            except psycopg.OperationalError:  # the server has ended it meanwhile
                connection.close()
        connection = _connect(uri)
        try:
            return connection, connection.execute(first.encode()).fetchall()
        except BaseException:
            connection.close()
            raise

    def _end(self, uri: str, connection: Connection) -> None:
        if not connection.closed and connection.info.transaction_status != TransactionStatus.ACTIVE:
            connection.rollback()
        if connection.closed or connection.info.transaction_status != TransactionStatus.IDLE:
            connection.close()
            return
        with self._lock:
            self._idle.append((self._clock(), uri, connection))
            old = [self._idle.popleft() for _ in range(len(self._idle) - MOST)]
        for *_, each in old:
            each.close()

    def _take(self, uri: str) -> Connection | None:
        """The connection that was used last; those that have waited too long are closed."""
        with self._lock:
            since = self._clock() - SECONDS
            while self._idle and self._idle[0][0] < since:
                self._idle.popleft()[2].close()
            for item in reversed(self._idle):
                if item[1] == uri:
                    self._idle.remove(item)
                    return item[2]
        return None


def _connect(uri: str) -> Connection:
    try:
        connection = psycopg.connect(
            uri, autocommit=True, connect_timeout=CONNECT_SECONDS, client_encoding="utf8", tcp_user_timeout=LOST,
            prepare_threshold=None,
        )  # fmt: skip
    except psycopg.ProgrammingError:  # its message may show a part of the password
        advised = "Write it as postgresql://user:password@host:5432/database, with %40 for an @ in the password"
        raise UnreachableError(f"Cannot open {DATABASE}", "its secret is not a connection URI", advised) from None
    except psycopg.OperationalError as error:
        why = without_password(uri, error)
        next_step = advice(why)
        raise UnreachableError(
            f"Cannot open {DATABASE}", why, next_step or "Start the server, or correct the URI"
        ) from None
    connection.execute(SESSION)
    connection.autocommit = False
    connection.isolation_level, connection.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
    return connection

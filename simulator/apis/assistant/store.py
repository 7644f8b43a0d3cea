"""The database of a shop's chat assistant, in PostgreSQL.

Its application serves several shops: the shop's rows have its account as ``tenant_id``, and another tenant has sessions
and messages of the same ids. The login READER can only read, and not the column ``tenants.widget_key``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from simulator.apis.assistant.rows import Row, rows_of
from simulator.apis.assistant.tables import COLUMNS, KEYS, SCHEMA
from simulator.books import Instant
from simulator.postgres_server import PostgresServer
from simulator.scenarios.assistant.books import Assistant
from simulator.world import seconds

READER, READER_PASSWORD = "takings_reader", "simulated-reader"  # of simulated data: no secret


class ChatStore:
    """The tables of an assistant in a database. ``write`` brings them to an instant.

    ``shift``: seconds that are added to every time, so that a world of the past is one of today.
    """

    def __init__(self, server: PostgresServer, assistant: Assistant, name: str, shift: int = 0) -> None:
        self.server, self.assistant, self.name, self.shift = server, assistant, name, shift
        self.written: dict[str, dict[Row, Row]] = {table: {} for table in KEYS}
        with server.connect() as connection:
            connection.execute(SCHEMA)
            connection.execute(f"create role {READER} login password '{READER_PASSWORD}'")
            connection.execute(f"alter role {READER} set default_transaction_read_only = on")
            columns = ", ".join(column for column in COLUMNS["tenants"] if column != "widget_key")
            connection.execute(f"grant select ({columns}) on tenants to {READER}")
            connection.execute(f"grant select on chat_sessions, chat_messages, product_analytics to {READER}")

    @property
    def address(self) -> str:
        """The address of the database for the login that can only read."""
        return self.server.address(READER, READER_PASSWORD)

    def write(self, at: datetime) -> None:
        """Adds, changes and deletes rows, so that the tables hold what is stored at an instant. One transaction."""
        rows = self._rows(seconds(at))
        with self.server.connect() as connection, connection.transaction():
            for table in reversed(list(KEYS)):
                vanished = self.written[table].keys() - rows[table].keys()
                _delete(connection, table, vanished)
            for table in KEYS:
                old = self.written[table]
                if old:
                    changed = [row for key, row in rows[table].items() if old.get(key) != row]
                    _upsert(connection, table, changed)
                else:
                    _copy(connection, table, rows[table].values())
        self.written = rows

    def _rows(self, at: Instant) -> dict[str, dict[Row, Row]]:
        """The rows of every table by their keys."""
        rows = rows_of(self.assistant.account, self.name, self.assistant.stored(at), self.shift)
        return {
            table: {tuple(row[columns.index(name)] for name in KEYS[table]): row for row in rows[table]}
            for table, columns in COLUMNS.items()
        }


def _adapted(row: Row) -> list[Any]:
    return [Jsonb(value) if isinstance(value, dict) else value for value in row]


def _copy(connection: psycopg.Connection[Any], table: str, rows: Iterable[Row]) -> None:
    text = f"copy {table} ({', '.join(COLUMNS[table])}) from stdin"
    with connection.cursor() as cursor, cursor.copy(text) as copy:
        for row in rows:
            copy.write_row(_adapted(row))


def _upsert(connection: psycopg.Connection[Any], table: str, rows: Sequence[Row]) -> None:
    columns, keys = COLUMNS[table], KEYS[table]
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in keys)
    text = (
        f"insert into {table} ({', '.join(columns)}) values ({', '.join(['%s'] * len(columns))}) "
        f"on conflict ({', '.join(keys)}) do update set {changes}"
    )
    with connection.cursor() as cursor:
        cursor.executemany(text, [_adapted(row) for row in rows])


def _delete(connection: psycopg.Connection[Any], table: str, keys: Iterable[Row]) -> None:
    where = " and ".join(f"{name} = %s" for name in KEYS[table])
    with connection.cursor() as cursor:
        cursor.executemany(f"delete from {table} where {where}", list(keys))

"""The connection of one pull: read-only, and one snapshot of the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from connectors.base import Account
from connectors.postgres import questions
from connectors.postgres.connection import Connection, connect, translated


def label(account: Account) -> str:
    """How messages name the source."""
    return f"PostgreSQL source {account.account} of tenant {account.tenant_id}"


@contextmanager
def snapshot(account: Account, timeout: int) -> Iterator[tuple[Connection, datetime]]:
    """A connection in a transaction that sees the database as it was at one instant, and that instant (UTC).

    Texts of times are ISO 8601 in UTC. Errors of the database in the `with` block come out as TakingsErrors.
    """
    with translated(account.secret, label(account)), connect(account.secret, label(account)) as connection:
        connection.execute("set default_transaction_read_only = on")
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set DateStyle = 'ISO, YMD'")
        connection.execute("set bytea_output = 'hex'")
        connection.execute("set extra_float_digits = 1")
        connection.execute(questions.SET_TIMEOUT, [f"{timeout}s"])
        connection.execute("begin isolation level repeatable read read only")
        at: datetime = connection.execute(questions.NOW).fetchall()[0][0]
        yield connection, at
        connection.execute("rollback")

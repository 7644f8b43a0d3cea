"""The connection of one pull: read-only, one snapshot of the database, and what its errors mean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import errors

from connectors.base import Account
from connectors.errors import ConfigurationError, ContractError, RetryError, TakingsError
from connectors.postgres import questions
from connectors.postgres.settings import URI, is_uri

CONNECT_SECONDS = 15
Connection = psycopg.Connection[tuple[Any, ...]]
_TLS = "Set `sslmode` in the URI: `require` for a server with TLS, `disable` for one without it in your own network"
_REFUSED = {  # words of the answer to a connection, and what to do
    "password authentication failed": "Put the right user and password into the URI that `secret` points to",
    "no password supplied": "Put the password into the URI that `secret` points to",
    'role "': "Put the right user into the URI that `secret` points to",
    'database "': "Put the right database into the URI that `secret` points to",
    "no pg_hba.conf entry": "Let the server's pg_hba.conf accept this login from this machine",
    "SSL": _TLS,
    "certificate": "Give the server's certificate authority as `sslrootcert` in the URI",
}


def label(account: Account) -> str:
    """How messages name the source."""
    return f"PostgreSQL source {account.account} of tenant {account.tenant_id}"


@contextmanager
def snapshot(account: Account, timeout: int) -> Iterator[tuple[Connection, datetime]]:
    """A connection in a transaction that sees the database as it was at one instant, and that instant (UTC).

    Texts of times are ISO 8601 in UTC. Errors of the database in the `with` block come out as TakingsErrors.
    """
    with _translated(account):
        if not is_uri(account.secret):
            raise _no_uri(account)
        with _connected(account) as connection:
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


def _connected(account: Account) -> Connection:
    try:
        return psycopg.connect(account.secret, connect_timeout=CONNECT_SECONDS, autocommit=True)
    except psycopg.ProgrammingError:  # its message may show a part of the password
        raise _no_uri(account) from None
    except psycopg.OperationalError as error:
        why = _why(account, error)
        for words, next_step in _REFUSED.items():
            if words in why:
                raise ConfigurationError(label(account), why, next_step) from None
        raise RetryError(f"{label(account)} cannot be reached", why, "Start the server, or correct the URI") from None


def _no_uri(account: Account) -> ConfigurationError:
    next_step = f"Write it as {URI}, with %40 for an @ in the password"
    return ConfigurationError(label(account), "its secret is not a connection URI", next_step)


@contextmanager
def _translated(account: Account) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        branch, next_step = next(answer for kinds, answer in _ANSWERS if isinstance(error, kinds))
        raise branch(label(account), _why(account, error), next_step) from None


_ANSWERS: tuple[tuple[tuple[type[psycopg.Error], ...], tuple[type[TakingsError], str]], ...] = (
    ((errors.InsufficientPrivilege,), (ConfigurationError, "Grant the login `select` on it, then run again")),
    (
        (errors.QueryCanceled,),
        (RetryError, "Give the column of `changed_at` or `updated_at` an index, or raise `statement_timeout`"),
    ),
    ((psycopg.OperationalError, psycopg.InterfaceError), (RetryError, "Run again: it continues where it stopped")),
    ((psycopg.Error,), (ContractError, "Correct what the message names, here or in takings.toml, then run again")),
)


def _why(account: Account, error: psycopg.Error) -> str:
    """The server's own words, without the password."""
    text, password = " ".join(str(error).split()), urlsplit(account.secret).password
    for secret in filter(None, (account.secret, password, unquote(password or ""))):
        text = text.replace(secret, "***")
    return text[:400]

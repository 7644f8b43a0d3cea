"""A connection to a PostgreSQL server by a URI, and what the errors of the server mean to whoever runs Takings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors

from common.postgres import CONNECT_SECONDS, advice, without_password
from connectors.errors import ConfigurationError, ContractError, RetryError, TakingsError
from connectors.postgres.settings import URI, is_uri

Connection = psycopg.Connection[tuple[Any, ...]]
_ANSWERS: tuple[tuple[tuple[type[psycopg.Error], ...], tuple[type[TakingsError], str]], ...] = (
    ((errors.InsufficientPrivilege,), (ConfigurationError, "Grant the login `select` on it, then run again")),
    (
        (errors.QueryCanceled,),
        (RetryError, "Give the column of `changed_at` or `updated_at` an index, or raise `statement_timeout`"),
    ),
    ((psycopg.OperationalError, psycopg.InterfaceError), (RetryError, "Run again: it continues where it stopped")),
    ((psycopg.Error,), (ContractError, "Correct what the message names, here or in takings.toml, then run again")),
)


def connect(uri: str, label: str) -> Connection:
    """A connection with autocommit. `label` names the server in messages, which never hold the password.

    Raises ConfigurationError for a URI that cannot be used or a login that is refused, RetryError for a server that
    does not answer.
    """
    no_uri = ConfigurationError(
        label, "its secret is not a connection URI", f"Write it as {URI}, with %40 for an @ in the password"
    )
    if not is_uri(uri):
        raise no_uri
    try:
        return psycopg.connect(uri, connect_timeout=CONNECT_SECONDS, autocommit=True)
    except psycopg.ProgrammingError:  # its message may show a part of the password
        raise no_uri from None
    except psycopg.OperationalError as error:
        why = without_password(uri, error)
        if next_step := advice(why):
            raise ConfigurationError(label, why, next_step) from None
        raise RetryError(f"{label} cannot be reached", why, "Start the server, or correct the URI") from None


@contextmanager
def translated(uri: str, label: str) -> Iterator[None]:
    """Errors of the database in the `with` block come out as TakingsErrors."""
    try:
        yield
    except psycopg.Error as error:
        branch, next_step = next(answer for kinds, answer in _ANSWERS if isinstance(error, kinds))
        raise branch(label, without_password(uri, error), next_step) from None

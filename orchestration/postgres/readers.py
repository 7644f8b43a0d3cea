"""Logins that read the published tables of the database: each sees the rows of one tenant, or all of them.

A login may select from the published tables and nothing else; which rows a table shows it is the table's policy
(tables.py). A role that Takings did not make is never changed.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from psycopg import sql

from common.errors import ConfigurationError
from connectors.postgres.connection import Connection
from connectors.settings import REFERENCE
from orchestration.postgres import tables
from orchestration.postgres.tables import BOOK, EVERY_TENANT, PUBLISHED
from orchestration.postgres.warehouse import MARK, Warehouse
from orchestration.settings import Settings

NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_CREATES = "The login of [warehouse] needs the right to make roles: `alter role … createrole` as an administrator"


@dataclass(frozen=True)
class Reader:
    """A login: `tenant` is None where it sees all rows. `exists`: the server still has it."""

    name: str
    tenant: str | None
    exists: bool = True

    @property
    def sees(self) -> str:
        """Whose rows it sees, for people."""
        return f"tenant {self.tenant}" if self.tenant else "every tenant"


def add(settings: Settings, warehouse: Warehouse, reader: Reader, password: str | None) -> str | None:
    """Make a login. Returns its new password, or `password`; None where the login exists already as it is to be.

    Raises ConfigurationError for an unknown tenant, a name that cannot be used or is taken, or a missing right.
    """
    if reader.tenant is not None:
        settings.tenant(reader.tenant)
    if not NAME.fullmatch(reader.name):
        raise ConfigurationError(
            f"No login was made: {reader.name!r} cannot be its name",
            "it has to consist of lower-case letters, digits and _, and begin with no digit",
        )
    with warehouse.writing() as db:
        tables.prepare(db)
        known = {each.name: each for each in _readers(db)}.get(reader.name)
        if known and known.exists:
            if known.tenant != reader.tenant:
                raise ConfigurationError(
                    f"No login was made: {reader.name} is there already and sees {known.sees}",
                    next_step=f"Choose another name, or remove it first: `takings readers remove {reader.name} --yes`",
                )
            return None
        if _has_role(db, reader.name):
            raise ConfigurationError(
                f"No login was made: the server has a role {reader.name} that Takings did not make",
                next_step="Choose another name; that role was not touched",
            )
        _check_right(db)
        chosen = password or secrets.token_urlsafe(24)
        with db.transaction():
            _make(db, reader, chosen)
        return chosen


def given_password(settings: Settings, reference: str | None) -> str | None:
    """The password at `env:NAME` or `file:PATH`. Raises ConfigurationError where it is not there."""
    if reference is None:
        return None
    if not re.fullmatch(REFERENCE, reference):
        raise ConfigurationError("No login was made", next_step="Write where its password is, env:NAME or file:PATH")
    try:
        return settings.secret(reference)
    except LookupError as error:
        raise ConfigurationError("No login was made: its password is missing", error.args[0]) from None


def remove(warehouse: Warehouse, name: str, *, really: bool) -> Reader:
    """Remove a login (if `really`), and what it may do; returns what it is or was. Its open connections see no row.

    Raises ConfigurationError where Takings did not make a login of this name.
    """
    with warehouse.writing() as db:
        tables.prepare(db)
        known = {each.name: each for each in _readers(db)}
        if name not in known:
            raise ConfigurationError(
                f"Nothing was removed: Takings made no login {name!r}",
                next_step=f"Choose from: {', '.join(known) or 'there is none'}",
            )
        if really:
            with db.transaction():
                _unmake(db, known[name])
        return known[name]


def listed(warehouse: Warehouse) -> list[Reader]:
    """Every login, by name."""
    with warehouse.writing() as db:
        tables.prepare(db)
        return _readers(db)


def _make(db: Connection, reader: Reader, password: str) -> None:
    role = sql.Identifier(reader.name)
    # the server gets what a password is compared with, so that no log of it can hold the password
    verifier = db.pgconn.encrypt_password(password.encode(), reader.name.encode(), b"scram-sha-256").decode()
    db.execute(sql.SQL("create role {} login password {}").format(role, sql.Literal(verifier)))
    db.execute(sql.SQL("comment on role {} is {}").format(role, sql.Literal(MARK)))
    db.execute(sql.SQL("grant usage on schema {} to {}").format(sql.Identifier(PUBLISHED), role))
    db.execute(sql.SQL("grant select on {} to {}").format(sql.Identifier(BOOK, "published"), role))
    for mart in tables.columns(db, PUBLISHED):
        tables.grant(db, mart, [reader.name])
    db.execute(
        f"insert into {BOOK}.readers (role_name, tenant_id) values (%s, %s) "
        "on conflict (role_name) do update set tenant_id = excluded.tenant_id",
        [reader.name, reader.tenant or EVERY_TENANT],
    )


def _unmake(db: Connection, reader: Reader) -> None:
    if reader.exists:
        role = sql.Identifier(reader.name)
        for schema in map(sql.Identifier, (PUBLISHED, BOOK)):
            db.execute(sql.SQL("revoke all on all tables in schema {} from {}").format(schema, role))
            db.execute(sql.SQL("revoke all on schema {} from {}").format(schema, role))
        db.execute(sql.SQL("drop role {}").format(role))
    db.execute(f"delete from {BOOK}.readers where role_name = %s", [reader.name])


def _readers(db: Connection) -> list[Reader]:
    return [
        Reader(name, None if tenant == EVERY_TENANT else tenant, exists)
        for name, tenant, exists in tables.readers_of(db)
    ]


def _has_role(db: Connection, name: str) -> bool:
    return bool(db.execute("select 1 from pg_roles where rolname = %s", [name]).fetchall())


def _check_right(db: Connection) -> None:
    allowed = "select rolcreaterole or rolsuper from pg_roles where rolname = current_user"
    if db.execute(allowed).fetchall() != [(True,)]:
        raise ConfigurationError("No login was made", "the login of [warehouse] may not make roles", _CREATES)

"""The PostgreSQL database that holds marts: its connection, what it has to be able to do, and whose it is.

    raw_<source>     copies of the staging tables, one schema per kind of source (load.py)
    takings_load     whose database it is, and what it holds of each table

A schema of these names that Takings did not make is never touched.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from common.errors import ConfigurationError, RetryError
from connectors.postgres.connection import Connection, connect, translated
from orchestration.builds import POSTGRES
from orchestration.home import Home
from orchestration.settings import Settings

LABEL = "The PostgreSQL warehouse"
OLDEST = 150_000  # PostgreSQL 15
MARK = "made by Takings"
"""The comment of each schema that Takings made."""
LOADS = "takings_load"
RAW = "raw_"
ONE_WRITER = 7_250_443_961  # the key of an advisory lock, which the server frees when the connection ends

CREATE_DATABASE = """create database analytics template template0 encoding 'UTF8' locale_provider builtin locale 'C'
  builtin_locale 'C.UTF-8' (PostgreSQL 17 or newer; before: encoding 'UTF8' locale 'C.UTF-8')"""


@dataclass(frozen=True)
class Warehouse:
    """The database of an installation, by the URI that `[warehouse] secret` points to."""

    uri: str = field(repr=False)
    home: Home

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection with autocommit, checked, which no other writer of this database has at the same time.

        Raises ConfigurationError for a login, a version, an encoding or a locale that cannot be used, and where the
        database belongs to another installation; RetryError where another writer has it or the server does not answer.
        """
        with translated(self.uri, LABEL), connect(self.uri, LABEL) as db:
            db.execute("set TimeZone = 'UTC'; set client_min_messages = warning")
            _check_server(db)
            if not db.execute("select pg_try_advisory_lock(%s)", [ONE_WRITER]).fetchall()[0][0]:
                raise RetryError(
                    f"{LABEL} is being written by another run", next_step="Wait for it to end, then repeat"
                )
            _check_owner(db, self.home)
            yield db


def of_engine(settings: Settings) -> Warehouse | None:
    """The configured database where marts are built and read in it; None where that is DuckDB's files.

    Raises ConfigurationError as `of_settings` does.
    """
    return of_settings(settings) if settings.warehouse.engine == POSTGRES else None


def of_settings(settings: Settings) -> Warehouse:
    """The configured database. Raises ConfigurationError where none is configured or its secret is missing."""
    reference = settings.warehouse.secret
    if reference is None:
        raise ConfigurationError(
            "No PostgreSQL warehouse is configured",
            f"the section [warehouse] of {settings.config_path} has no `secret`",
            'Write the connection URI into an environment variable, and `secret = "env:NAME"` into that section',
        )
    try:
        return Warehouse(settings.secret(reference), Home(settings.home))
    except LookupError as error:
        raise ConfigurationError(
            "The secret of the PostgreSQL warehouse is missing",
            error.args[0],
            f"Set it, or change `secret` of [warehouse] in {settings.config_path}",
        ) from None


def check_secret(settings: Settings) -> None:
    """Raise ConfigurationError where a database is configured, or marts are to be in one, and its secret is missing."""
    if settings.warehouse.secret is not None or settings.warehouse.engine == POSTGRES:
        of_settings(settings)


def make_schema(db: Connection, name: str) -> None:
    """Make a schema of our own. Raises ConfigurationError where one of this name exists that Takings did not make."""
    known = db.execute(
        "select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = %s", [name]
    ).fetchall()
    if not known:
        db.execute(f"create schema {name}; comment on schema {name} is '{MARK}'")
    elif known[0][0] != MARK:
        raise ConfigurationError(
            LABEL,
            f"it has a schema {name} that Takings did not make",
            "Use a database of its own for Takings, or rename that schema; it was not touched",
        )


def _check_server(db: Connection) -> None:
    if db.info.server_version < OLDEST:
        raise ConfigurationError(
            LABEL, f"it is PostgreSQL {db.info.server_version // 10_000}", "Use PostgreSQL 15 or newer"
        )
    encoding = db.info.parameter_status("server_encoding")
    texts = "select 'Z' < 'a' and 'z' < chr(233) and lower(chr(201)) = chr(233)"  # É and é
    if encoding != "UTF8" or db.execute(texts).fetchall() != [(True,)]:
        raise ConfigurationError(
            LABEL,
            f"texts of its database (encoding {encoding}) are not compared by code point or not lowered by Unicode's "
            "rules, as they are everywhere else",
            f"Make a database for Takings with: {CREATE_DATABASE}",
        )


def _check_owner(db: Connection, home: Home) -> None:
    """The database belongs to the installation that loads it first: another one's rows would be deleted as too many."""
    make_schema(db, LOADS)
    db.execute(f"create table if not exists {LOADS}.installation (id text primary key, folder text not null)")
    ours, owner = _id_of(home), db.execute(f"select id, folder from {LOADS}.installation").fetchall()
    if not owner:
        db.execute(f"insert into {LOADS}.installation values (%s, %s)", [ours, str(home.root)])
    elif owner[0][0] != ours:
        raise ConfigurationError(
            LABEL,
            f"another installation of Takings loads it, that of {owner[0][1]}",
            "Give each installation a database of its own",
        )


def _id_of(home: Home) -> str:
    """The name of an installation, made once."""
    path = home.staging.with_name("installation")
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(uuid.uuid4().hex)
        partial.replace(path)
    return path.read_text().strip()

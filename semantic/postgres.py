"""Builds in PostgreSQL: tables of all tenants, of which the transaction of a publish replaces the rows.

    marts.<mart>          the rows
    takings.published     which run's rows they are, and since when
    <folder>/<run>/       catalog.json and build.json of that run

A build is opened by a transaction that only reads and sees one state of the database, however many statements it sends:
the rows, and which run's they are. What a question says of a mart is answered from the rows of the build's tenant, also
where its condition is forgotten; the policies of the login in the URI apply in any case.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
from psycopg import errors, sql

from common.postgres import without_password
from semantic.catalog import FILE_NAME, Catalog
from semantic.connections import DATABASE, Connection, Connections
from semantic.engine import RUN
from semantic.errors import NoBuildError, SemanticError, UnreachableError
from semantic.filters import literal

_CURRENT = "select run, published_at from takings.published"
_TENANTS = "select distinct tenant_id from marts.build_info order by tenant_id"
_MARTS = re.compile(r"'(?:[^']|'')*'|\bmarts\.([a-z_][a-z0-9_]*)")
"""A text, which may say anything, or the name of a mart."""
_NUMERIC = 1700
_TYPES = {
    16: pa.bool_(), 20: pa.int64(), 21: pa.int16(), 23: pa.int32(), 25: pa.string(), 1043: pa.string(),
    701: pa.float64(), 1082: pa.date32(), 1114: pa.timestamp("us"),
}  # fmt: skip
"""By the number that PostgreSQL has for a type."""
MOST_PLACES = pa.decimal128(38, 6)
"""Of a decimal that was computed, of which PostgreSQL does not say how many places it has: no metric has more."""
CONNECTIONS = Connections()


@dataclass(frozen=True)
class Postgres:
    """The engine of a connection: `semantic.engine.Engine`. With a catalog, it sees the rows of `tenant` alone."""

    connection: Connection
    tenant: str | None = None
    catalog: Catalog | None = None

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of an answer."""
        return self._ask(sql).fetchall()

    def table(self, sql: str) -> pa.Table:
        """The same as an Arrow table."""
        cursor = self._ask(sql)
        fields = [pa.field(column.name, _type(column)) for column in cursor.description or ()]
        columns = list(zip(*cursor.fetchall(), strict=True)) or [()] * len(fields)
        arrays = [pa.array(values, each.type) for values, each in zip(columns, fields, strict=True)]
        return pa.Table.from_arrays(arrays, schema=pa.schema(fields))

    def execute(self, sql: str) -> None:
        """Change rows."""
        self.connection.execute(sql.encode())

    def insert(self, mart: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows to a mart by the names of its columns; a column that a row lacks is empty."""
        names = list(dict.fromkeys(name for row in rows for name in row))
        if not names:
            return
        listed = sql.SQL(", ").join(map(sql.Identifier, names))
        copy = sql.SQL("copy {} ({}) from stdin").format(sql.Identifier("marts", mart), listed)
        with self.connection.cursor() as cursor, cursor.copy(copy) as target:
            for row in rows:
                target.write_row([row.get(name) for name in names])

    def _ask(self, text: str) -> psycopg.Cursor[tuple[Any, ...]]:
        """Send one statement. In the binary protocol it cannot be two, and numbers come exactly as they are."""
        return self.connection.execute(_MARTS.sub(self._own, text).encode(), binary=True)

    def _own(self, match: re.Match[str]) -> str:
        """A mart as the tenant's rows of it."""
        mart = match[1]
        if mart is None or self.tenant is None or self.catalog is None:
            return match[0]
        known = self.catalog.marts.get(mart)
        if known and not known.has("tenant_id"):
            return match[0]
        return f"(SELECT * FROM marts.{mart} WHERE tenant_id = {literal(self.tenant)}) AS {mart}"


@dataclass(frozen=True)
class OpenedRows:
    """The build that a transaction sees: `semantic.engine.Opened`."""

    folder: Path
    published_at: datetime
    connection: Connection

    @property
    def tenants(self) -> list[str]:
        """Those whose rows the login may read, sorted."""
        return [name for (name,) in self.connection.execute(_TENANTS).fetchall()]

    @contextmanager
    def reading(self, tenant: str | None, catalog: Catalog) -> Iterator[Postgres]:
        """The rows of a tenant, or of every one."""
        yield Postgres(self.connection, tenant, catalog)

    def stamp(self, _: str | None) -> Hashable:
        """When the rows were published."""
        return self.published_at


@dataclass(frozen=True)
class InPostgres:
    """Builds whose rows a database has: `semantic.engine.Place`. `folder`: that of the published builds, with their
    definitions. `uri`: of the database, with a login that may read."""

    folder: Path
    uri: str = field(repr=False)

    def current(self) -> Path:
        """The folder of the current build. Raises NoBuildError or UnreachableError."""
        with self.opened() as build:
            return build.folder

    @contextmanager
    def opened(self) -> Iterator[OpenedRows]:
        """The current build, in a transaction that sees it whole. Raises NoBuildError or UnreachableError."""
        try:
            with CONNECTIONS.transaction(self.uri, _CURRENT) as (connection, rows):
                yield self._build(connection, rows)
        except psycopg.Error as error:
            raise _translated(error, without_password(self.uri, error)) from None

    def _build(self, connection: Connection, rows: list[tuple[Any, ...]]) -> OpenedRows:
        if not rows:
            raise NoBuildError(f"Nothing is published in {DATABASE}", "no build has finished yet", RUN)
        ((run, published_at),) = rows
        folder = self.folder / run
        if not (folder / FILE_NAME).is_file():
            raise NoBuildError(f"The published build {folder} is incomplete", f"it has no {FILE_NAME}", RUN)
        return OpenedRows(folder, published_at, connection)


def _type(column: psycopg.Column) -> pa.DataType:
    if column.type_code != _NUMERIC:
        return _TYPES[column.type_code]
    return pa.decimal128(column.precision, column.scale) if column.precision else MOST_PLACES


def _translated(error: psycopg.Error, why: str) -> SemanticError:
    """One message for an error of the server."""
    if isinstance(error, errors.InsufficientPrivilege):
        advice = "Grant it `usage` on the schemas marts and takings, and `select` on their tables"
        return SemanticError(f"This login may not read {DATABASE}", why, advice)
    if isinstance(error, errors.UndefinedTable) and "takings.published" in why:
        return NoBuildError(f"Nothing is published in {DATABASE}", why, RUN)
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return UnreachableError(f"No answer from {DATABASE}", why, "Start it, or wait a moment; then ask again")
    return SemanticError(f"Cannot query {DATABASE}", why, "Build and publish again with `takings run`")

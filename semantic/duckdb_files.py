"""Builds in DuckDB files: one of each tenant, and one of all with views, which need the tenants' files attached.

    published/current ──▶ published/<run_id>/{all,tenant-<id>}.duckdb, catalog.json

A question about one tenant opens that tenant's file, which has no other rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from common import database
from semantic.catalog import Catalog
from semantic.engine import RUN
from semantic.errors import NoBuildError, SemanticError

EVERY = "all.duckdb"
"""The published file of all tenants."""


@dataclass(frozen=True)
class DuckDB:
    """The engine of a file: `semantic.engine.Engine`."""

    connection: duckdb.DuckDBPyConnection

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of an answer. DuckDB answers no other question before all of them are fetched."""
        rows: list[tuple[Any, ...]] = self.connection.execute(sql).fetchall()
        return rows

    def table(self, sql: str) -> pa.Table:
        """The same as an Arrow table."""
        return self.connection.sql(sql).to_arrow_table()

    def execute(self, sql: str) -> None:
        """Change rows."""
        self.connection.execute(sql)

    def insert(self, mart: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows to a mart by the names of its columns; a column that a row lacks is empty."""
        schema = self.table(f"SELECT * FROM marts.{mart} LIMIT 0").schema
        columns = {field.name: pa.array([row.get(field.name) for row in rows], field.type) for field in schema}
        self.connection.register("new_rows", pa.table(columns, schema=schema))
        self.connection.execute(f"INSERT INTO marts.{mart} SELECT * FROM new_rows")
        self.connection.unregister("new_rows")


@dataclass(frozen=True)
class OpenedFiles:
    """The build in a folder: `semantic.engine.Opened`."""

    folder: Path

    @property
    def tenants(self) -> list[str]:
        """The tenants, sorted: each has a file."""
        return tenants(self.folder)

    @contextmanager
    def reading(self, tenant: str | None, _: Catalog) -> Iterator[DuckDB]:
        """The file of a tenant, which has no other rows, or of all."""
        path = self._path(tenant)
        with connect(path) as connection:
            try:
                yield DuckDB(connection)
            except duckdb.Error as error:
                why = str(error).splitlines()[0]
                advice = "Build and publish again with `takings run`"
                raise SemanticError(f"Cannot query {path}", why, advice) from error

    def stamp(self, tenant: str | None) -> int | None:
        """When the file was written; None where a later publish has just removed it."""
        try:
            return self._path(tenant).stat().st_mtime_ns
        except FileNotFoundError:
            return None

    def _path(self, tenant: str | None) -> Path:
        return self.folder / (EVERY if tenant is None else f"tenant-{tenant}.duckdb")


@dataclass(frozen=True)
class InFiles:
    """The builds in a folder: `semantic.engine.Place`."""

    published: Path

    def current(self) -> Path:
        """The folder of the current build, which a link names. Raises NoBuildError."""
        link = self.published / "current"
        folder = link.resolve()
        if not link.is_symlink() and not link.exists():
            raise NoBuildError(f"Nothing is published in {self.published}", "no build has finished yet", RUN)
        if not (folder / EVERY).is_file():
            raise NoBuildError(f"The published build {folder} is incomplete", f"it has no {EVERY}", RUN)
        return folder

    @contextmanager
    def opened(self) -> Iterator[OpenedFiles]:
        """The current build: the link is resolved once."""
        yield OpenedFiles(self.current())


def tenants(folder: Path) -> list[str]:
    """The tenants of a build, sorted: each has a file."""
    return [path.stem.removeprefix("tenant-") for path in _files(folder)]


def attach_tenants(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[str]:
    """Attach the file of each tenant of a build, under the name that the views of all.duckdb use; returns the names."""
    files = _files(folder)
    for file in files:
        name = str(file).replace("'", "''")
        # Connections of one process to the same file share what is attached.
        connection.execute(f"""ATTACH IF NOT EXISTS '{name}' AS "{file.stem}" (READ_ONLY)""")
    return [file.stem for file in files]


@contextmanager
def connect(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a published file for reading. Raises NoBuildError that says who holds it, or that it is damaged."""
    tenants = _files(path.parent) if path.name == EVERY else []
    with ExitStack() as opened:
        try:
            connection = opened.enter_context(database.attached(path, *tenants))
        except duckdb.Error as error:
            why = str(error).splitlines()[0]
            if "Conflicting lock" in why:  # DuckDB names the program and its number
                raise NoBuildError(
                    f"Cannot open {path}",
                    f"another program has it open for writing: {why}",
                    "Close it there, and open published files read-only",
                ) from error
            raise NoBuildError(
                f"Cannot open {path}", why, "`takings build` publishes a new build from what has been pulled"
            ) from error
        yield connection


def _files(folder: Path) -> list[Path]:
    """The file of each tenant of a build."""
    return sorted(folder.glob("tenant-*.duckdb"))

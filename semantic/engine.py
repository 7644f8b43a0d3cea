"""Where a build is, and what an engine does for it: it answers SQL over the schema `marts`, and takes rows while a
build is made.

The SQL is what DuckDB and PostgreSQL read alike. It holds no parameters: a text becomes part of it by
`semantic.filters.literal`. No mart has an alias in it.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from semantic.catalog import Catalog

RUN = "Build and publish with `takings run`, or try `make demo`"
"""The next step where nothing is published."""


class Engine(Protocol):
    """Reads the rows of one build. Only that of a build which is being made can write."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of an answer. Whole numbers are int or Decimal, instants are in UTC without a zone."""

    def table(self, sql: str) -> pa.Table:
        """The same as an Arrow table, also where there are no rows. Decimals have at least the places that they need:
        `semantic.query` gives those of a metric its type."""

    def execute(self, sql: str) -> None:
        """Change rows."""

    def insert(self, mart: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows to a mart by the names of its columns; a column that a row lacks is empty."""


class Opened(Protocol):
    """The build that was current when it was opened: it stays whole while others are published."""

    @property
    def folder(self) -> Path:
        """The folder with its catalog.json and build.json, which is named as its run."""

    @property
    def tenants(self) -> list[str]:
        """The tenants that it has, sorted."""

    def reading(self, tenant: str | None, catalog: Catalog) -> AbstractContextManager[Engine]:
        """An engine that sees the rows of this tenant alone, or of every one; the catalog has the build's marts."""

    def stamp(self, tenant: str | None) -> Hashable:
        """What differs where the rows of this tenant may: what is read once of a build holds while it is the same. None
        where they may change meanwhile."""


class Place(Protocol):
    """Where published builds are. Errors of its database come out of both as SemanticErrors."""

    def current(self) -> Path:
        """The folder of the current build. Raises NoBuildError."""

    def opened(self) -> AbstractContextManager[Opened]:
        """The current build. Raises NoBuildError."""

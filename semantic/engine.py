"""What an engine does for a build: it answers SQL over the schema `marts`, and takes rows while a build is made.

The SQL is what DuckDB and PostgreSQL read alike. It holds no parameters: a text becomes part of it by
`semantic.filters.literal`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import pyarrow as pa


class Engine(Protocol):
    """Reads the rows of one build. Only that of a build which is being made can write."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of an answer. Whole numbers are int or Decimal, instants are in UTC without a zone."""

    def table(self, sql: str) -> pa.Table:
        """The same as an Arrow table, with the types of DuckDB also where there are no rows."""

    def execute(self, sql: str) -> None:
        """Change rows."""

    def insert(self, mart: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Add rows to a mart by the names of its columns; a column that a row lacks is empty."""

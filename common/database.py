"""Connections to DuckDB: the one place that opens them."""

from __future__ import annotations

from pathlib import Path

import duckdb


def connect(
    path: Path | None = None, *, read_only: bool = False, threads: int | None = None
) -> duckdb.DuckDBPyConnection:
    """Open a file, by default a database in memory. Raises duckdb.Error where that fails.

    By itself DuckDB takes a Python variable for a table that does not exist. Here a missing table is an error.
    """
    config: dict[str, str | bool | int | float | list[str]] = {"threads": threads} if threads else {}
    db = duckdb.connect(str(path or ":memory:"), read_only=read_only, config=config)
    db.execute("set global python_enable_replacements = false")
    return db

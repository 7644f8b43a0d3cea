"""Connections to DuckDB: the one place that opens them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

MOST_WAITING = 4
_waiting: deque[duckdb.DuckDBPyConnection] = deque()
"""Databases in memory, with nothing in them: to make one takes ten times as long as to attach a file to it."""


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


def memory() -> duckdb.DuckDBPyConnection:
    """A database in memory with nothing in it, for one user at a time: a waiting one, else a new one."""
    try:
        return _waiting.pop()
    except IndexError:
        return connect()


def release(db: duckdb.DuckDBPyConnection) -> None:
    """Let a database in memory wait for its next user, who is to find it as it was made."""
    if len(_waiting) < MOST_WAITING:
        _waiting.append(db)
    else:
        db.close()


@contextmanager
def attached(*paths: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Read files, each under its name without ending; tables are looked up in the first. Raises duckdb.Error."""
    db, names = memory(), [path.stem for path in paths]
    try:
        for path, name in zip(paths, names, strict=True):
            place = str(path).replace("'", "''")
            db.execute(f"attach '{place}' as \"{name}\" (read_only)")
        with db.cursor() as connection:  # of its own, so that nothing temporary stays
            connection.execute(f'use "{names[0]}"')
            yield connection
        for name in names:
            db.execute(f'detach "{name}"')
    except BaseException:
        db.close()
        raise
    release(db)

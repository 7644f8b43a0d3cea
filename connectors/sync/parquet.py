"""The rows of a Parquet file as texts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb

from common import database

ROWS_AT_ONCE = 10_000


def rows(path: Path) -> Iterator[dict[str, str | None]]:
    """Each row by column: a decimal as it is, a float as its shortest text, an instant in UTC.

    Raises ValueError when the file is not one, or breaks off.
    """
    with database.connect() as db:
        db.execute("set TimeZone = 'UTC'")
        try:
            db.execute("select columns(*)::varchar from read_parquet(?)", [str(path)])
            names = [column[0] for column in db.description]
            while some := db.fetchmany(ROWS_AT_ONCE):
                yield from (dict(zip(names, row, strict=True)) for row in some)
        except duckdb.Error as error:
            raise ValueError(str(error)) from error

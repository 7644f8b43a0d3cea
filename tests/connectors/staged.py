"""What a staging file holds. A file is opened once for all its tables: to open it takes longer than to read one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

Rows = list[tuple[Any, ...]]


def rows(staging: Path, sql: str, values: Sequence[Any] = ()) -> Rows:
    """The answer to a question."""
    with duckdb.connect(str(staging), read_only=True) as db:
        return db.execute(sql, list(values)).fetchall()


def tables(staging: Path, source: str, *, lineage: bool = False, histories: bool = True) -> dict[str, Rows]:
    """Every row of every table of a source, in order; with `lineage` also run and part."""
    less = "" if lineage else "exclude (run_id, landing_part)"
    with duckdb.connect(str(staging), read_only=True, config={"threads": 1}) as db:
        listed = "select table_name from duckdb_tables() where schema_name = ? order by 1"
        names = [name for (name,) in db.execute(listed, [source]).fetchall()]
        return {
            name: db.execute(f"select * {less} from {source}.{name} order by all").fetchall()
            for name in names
            if histories or not name.endswith("history")
        }

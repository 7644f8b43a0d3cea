"""Connections to DuckDB: a missing table is an error, also where a Python variable has its name."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from common import database


@pytest.mark.parametrize("file", [None, "file.duckdb"])
def test_python_variable_is_no_table(tmp_path: Path, file: str | None) -> None:
    forgotten_table = pa.table({"amount": [1]})
    assert forgotten_table.num_rows == 1
    with database.connect(tmp_path / file if file else None) as db:
        for connection in (db, db.cursor()):
            for ask in (connection.execute, connection.sql):
                with pytest.raises(duckdb.CatalogException, match="forgotten_table"):
                    ask("select * from forgotten_table")
        db.register("registered", forgotten_table)
        assert db.execute("select amount from registered").fetchall() == [(1,)]


def test_file_that_is_read_only_cannot_be_written(tmp_path: Path) -> None:
    with database.connect(tmp_path / "file.duckdb", threads=1) as db:
        db.execute("create table t (i integer)")
        assert db.execute("select current_setting('threads')").fetchall() == [(1,)]
    with database.connect(tmp_path / "file.duckdb", read_only=True) as db, pytest.raises(duckdb.Error):
        db.execute("insert into t values (1)")

"""The rows of a published build in DuckDB files, copied into a PostgreSQL database of the test's own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import psycopg

from semantic import duckdb_files
from semantic.postgres import InPostgres
from tests.orchestration.postgres.databases import new_database

BOOK = """
create schema marts; create schema takings;
create table takings.published (run text not null, published_at timestamp not null default clock_timestamp());
"""
TYPES = {"VARCHAR": "text", "DOUBLE": "double precision"}


def copied(published: Path) -> InPostgres:
    """The same current build in a new database, with the definitions of the folder."""
    place = InPostgres(published, new_database())
    folder = (published / "current").resolve()
    with psycopg.connect(place.uri) as db, duckdb_files.connect(folder / "all.duckdb") as files:
        db.execute(BOOK)
        for mart, columns in tables(files).items():
            listed = ", ".join(f"{name} {TYPES.get(kind, kind)}" for name, kind in columns.items())
            db.execute(f"create table marts.{mart} ({listed})".encode())
            with tempfile.NamedTemporaryFile(suffix=".csv") as file:
                files.execute(f"copy (from marts.{mart}) to '{file.name}' (format csv, header false, force_quote *)")
                with db.cursor().copy(f"copy marts.{mart} from stdin (format csv)".encode()) as rows:
                    rows.write(Path(file.name).read_bytes())
        db.execute("insert into takings.published (run) values (%s)", [folder.name])
    return place


def tables(files: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """The columns of each mart with DuckDB's types, in their order."""
    result: dict[str, dict[str, str]] = {}
    for mart, column, kind in files.execute(
        "select table_name, column_name, data_type from duckdb_columns() where schema_name = 'marts' "
        "and database_name = 'all' order by table_name, column_index"
    ).fetchall():
        result.setdefault(mart, {})[column] = kind
    return result


@contextmanager
def changing(place: InPostgres) -> Iterator[psycopg.Connection]:
    """A transaction of the database's owner."""
    with psycopg.connect(place.uri) as db:
        yield db

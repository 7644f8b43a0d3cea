"""Two shops that are published in PostgreSQL, and what a login reads there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from connectors.sync.staging import Staging
from orchestration import pipeline
from orchestration.pipeline import Run
from tests.orchestration.installation import CHANGING, Installation, published_shops
from tests.orchestration.postgres.databases import new_database

Rows = dict[str, list[tuple[Any, ...]]]
TENANTS = ("aurora", "nordlicht")
SECRET = "TAKINGS_TEST_WAREHOUSE"


class Place(Installation):
    """An installation with a database of its own, to which a secret points."""

    @classmethod
    def copied(cls, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
        """The staging of SHOPS beside an empty database: nothing is published."""
        place = cls(folder)
        shutil.copytree(published_shops().root, folder, symlinks=True)
        shutil.rmtree(place.home.published)
        monkeypatch.setenv(SECRET, new_database())
        with (folder / "takings.toml").open("a") as file:
            file.write(f'\n[warehouse]\nengine = "postgres"\nsecret = "env:{SECRET}"\n')
        return place

    def uri(self) -> str:
        secret = self.settings.warehouse.secret
        assert secret is not None
        return self.settings.secret(secret)

    def connect(self, uri: str | None = None) -> psycopg.Connection[Any]:
        return psycopg.connect(uri or self.uri(), autocommit=True)

    def build(self) -> Run:
        return pipeline.rebuild(self.settings)

    def rows(self, uri: str | None = None) -> Rows:
        """Every row of every published mart that a login sees, without what tells one run from another."""
        with self.connect(uri) as db:
            return published_rows(db)

    def about(self) -> dict[str, Any]:
        """What `current` says of itself."""
        content: dict[str, Any] = json.loads((self.current / "build.json").read_text())
        return content

    def ask_postgres(self, query: str, values: Any = None) -> list[tuple[Any, ...]]:
        with self.connect() as db:
            return db.execute(query.encode(), values).fetchall()

    def published_run(self) -> str:
        with self.connect() as db:
            ((run,),) = db.execute("select run from takings.published").fetchall()
            return str(run)


def published_rows(db: psycopg.Connection[Any], tenant: str | None = None) -> Rows:
    """Every row of every mart, or the tenant's of those that have tenants."""
    columns: dict[str, list[str]] = {}
    for mart, column in db.execute(
        "select table_name, column_name from information_schema.columns where table_schema = 'marts' order by 1, 2"
    ).fetchall():
        columns.setdefault(mart, []).extend([column] if column not in CHANGING else [])
    rows = {}
    for mart, names in columns.items():
        listed = sql.SQL(", ").join(map(sql.Identifier, names))
        query = sql.SQL("select {} from {}").format(listed, sql.Identifier("marts", mart))
        if tenant and "tenant_id" in names:
            query = sql.SQL("{} where tenant_id = {}").format(query, sql.Literal(tenant))
        rows[mart] = sorted(map(tuple, db.execute(query).fetchall()), key=repr)
    return rows


def in_files(place: Installation) -> Rows:
    """The same of an installation whose marts are in files."""
    columns: dict[str, list[str]] = {}
    for mart, column in place.ask(
        "select distinct table_name, column_name from duckdb_columns() where schema_name = 'marts' order by 1, 2"
    ):
        columns.setdefault(mart, []).extend([column] if column not in CHANGING else [])
    return {
        mart: sorted(place.ask(f"select {', '.join(names)} from marts.{mart}"), key=repr)
        for mart, names in columns.items()
    }


def differing(place: Place, files: Installation) -> set[str]:
    """The marts that have other rows in PostgreSQL than in the files."""
    expected, rows = in_files(files), place.rows()
    assert rows.keys() == expected.keys()
    return {mart for mart in rows if rows[mart] != expected[mart]}


def stage(statement: str, *places: Installation) -> None:
    for each in places:
        with Staging(each.home.staging) as staging:
            staging.db.execute(statement)


def name_of(place: Place) -> str:
    """Of the database, and of the login that owns it."""
    return place.uri().rpartition("/")[2]


def of_tenant(place: Place, tenant: str) -> Rows:
    """The tenant's rows of every mart, and the calendar."""
    with place.connect() as db:
        return published_rows(db, tenant)


def as_login(place: Place, name: str, password: str) -> str:
    return f"postgresql://{name}:{password}@{place.uri().rpartition('@')[2]}"


def shops_in_files(folder: Path) -> Installation:
    """The same shops, published in files."""
    shutil.copytree(published_shops().root, folder, symlinks=True)
    return Installation(folder)

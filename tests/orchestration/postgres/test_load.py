"""What is loaded into PostgreSQL is what staging holds, after any change of it, and nothing else is touched."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from common.errors import ConfigurationError, RetryError, TakingsError
from orchestration.home import Home
from orchestration.postgres.load import BUCKET, Loaded, load
from orchestration.postgres.warehouse import Warehouse
from tests.connectors.postgres.database import server
from tests.orchestration.postgres.databases import new_database, new_warehouse
from tests.small_worlds import published_assistant

NOT_LOADED = {"files.files_read"}  # the connector's own notes
TABLES = "select schema_name, table_name from duckdb_tables()"
WITHOUT_ROWS = ("collector", "meta_ads", "postgres", "stripe", "tiktok_ads")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """An installation with the staging of a small shop with a chat assistant, loaded into a database of its own.

    Each test changes it further: a load has to bring the database to what staging holds, whatever both held before.
    """
    warehouse = installation(tmp_path_factory.mktemp("installation"))
    loaded(warehouse)
    return warehouse


def installation(folder: Path) -> Warehouse:
    """That staging, without the sources of which it has no row, beside an empty database."""
    staging = folder / "warehouse" / "staging.duckdb"
    staging.parent.mkdir(parents=True)
    shutil.copyfile(published_assistant(11).home.staging, staging)
    warehouse = new_warehouse(folder)
    change(warehouse, *(f"drop schema {name} cascade" for name in WITHOUT_ROWS))
    return warehouse


def loaded(warehouse: Warehouse) -> Loaded:
    with warehouse.writing() as db:
        return load(warehouse.home.staging, db)


def change(warehouse: Warehouse, *statements: str) -> None:
    with duckdb.connect(str(warehouse.home.staging)) as db:
        for statement in statements:
            db.execute(statement)


def in_staging(home: Home) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every table of staging as texts, in order, by the table's name."""
    with duckdb.connect(str(home.staging), read_only=True) as db:
        names = [
            name for (name,) in db.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
        ]
        return {name: _sorted(db.execute(f"select * from {name}").fetchall()) for name in {*names} - NOT_LOADED}


def in_postgres(warehouse: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    """The same of the raw schemas, without the column of the bucket, which is the last one."""
    with psycopg.connect(warehouse.uri) as db:
        names = db.execute(
            "select schemaname || '.' || tablename from pg_tables where schemaname like 'raw\\_%'"
        ).fetchall()
        rows = {}
        for (name,) in names:
            answer = db.execute(f"select * from {name}")
            assert answer.description is not None and answer.description[-1].name == BUCKET
            rows[name.removeprefix("raw_")] = _sorted(row[:-1] for row in answer.fetchall())
        return rows


def _sorted(rows: Any) -> list[tuple[Any, ...]]:
    return sorted((tuple(row) for row in rows), key=repr)


def test_the_first_load_brings_every_row_and_a_second_one_nothing(tmp_path: Path) -> None:
    warehouse = installation(tmp_path)
    expected = in_staging(warehouse.home)
    first = loaded(warehouse)
    assert in_postgres(warehouse) == expected
    assert first == Loaded({}, {name: len(rows) for name, rows in expected.items() if rows})
    assert loaded(warehouse) == Loaded({}, {})


CHANGES = {
    "a changed row": ["update shopify.orders set currency = 'EUR' where rowid = 5"],
    "a value that became null": ["update shopify.orders set customer_id = null"],
    "deleted rows": ["delete from shopify.order_lines where rowid % 7 = 0"],
    "a row twice": ["insert into shopify.order_lines from shopify.order_lines limit 3"],
    "another tenant's rows": [
        "insert into shopify.orders select * replace ('other' as tenant_id) from shopify.orders",
    ],
    "odd texts": [
        """update shopify.orders set currency = 'a"b,\n;\\N é\t' where tenant_id = 'other'""",
        "update shopify.order_lines set title = ''",
        "update shopify.order_lines set title = '\\.' where rowid % 3 = 0",
        "update shopify.order_lines set title = null where rowid % 3 = 1",
    ],
    "extreme numbers and times": [
        "update shopify.orders set created_at = timestamp '0001-01-01 00:00:00.000001' where tenant_id = 'other'",
        "update shopify.order_lines set quantity = -9223372036854775808",
        "insert into takings.targets values ('aurora', 'net_sales', -99999999999999.999999)",
        "insert into takings.exchange_rates values (date '9999-12-31', 'EUR', 'USD', 0.000000000001)",
    ],
    "a table that has no tenants": ["update takings.runs set run_id = 'another'"],
    "a new column": ["alter table shopify.orders add column color varchar", "update shopify.orders set color = 'red'"],
    "a column of another type": ["alter table shopify.orders alter customer_id type bigint using 7"],
    "a new table": [
        "create table shopify.made_up (tenant_id varchar, n bigint)",
        "insert into shopify.made_up values ('a', 1)",
    ],
    "an emptied table": ["delete from shopify.orders"],
    "a table that is gone": ["drop table shopify.sales"],
}  # fmt: skip


@pytest.mark.parametrize("statements", CHANGES.values(), ids=CHANGES)
def test_after_a_change_the_database_holds_what_staging_holds(warehouse: Warehouse, statements: list[str]) -> None:
    before = in_staging(warehouse.home)
    change(warehouse, *statements)
    expected = in_staging(warehouse.home)
    assert expected != before
    loaded(warehouse)
    assert in_postgres(warehouse) == expected


def test_a_load_writes_only_rows_near_what_changed(tmp_path: Path) -> None:
    warehouse = installation(tmp_path)
    loaded(warehouse)
    change(warehouse, "update shopify.orders set currency = 'EUR' where rowid = 5")
    again = loaded(warehouse)
    assert again.written.keys() == again.deleted.keys() == {"shopify.orders"}
    assert 1 <= again.written["shopify.orders"] == again.deleted["shopify.orders"] < 10  # of 600 in 4,096 buckets


def test_a_character_that_postgresql_cannot_store_is_replaced(tmp_path: Path) -> None:
    warehouse = installation(tmp_path)
    change(warehouse, "update shopify.order_lines set title = 'a' || chr(0) || 'b'")
    loaded(warehouse)
    with psycopg.connect(warehouse.uri) as db:
        assert db.execute("select distinct title from raw_shopify.order_lines").fetchall() == [("a\ufffdb",)]


def test_a_load_whose_connection_breaks_changes_nothing_and_the_next_one_is_right(tmp_path: Path) -> None:
    warehouse = installation(tmp_path)
    loaded(warehouse)
    before = in_postgres(warehouse)
    change(warehouse, "update shopify.orders set currency = 'EUR'", "delete from shopify.order_lines where rowid < 9")

    def break_it(step: str, count: int, total: int | None, detail: str) -> None:
        if "shopify.orders" in detail:
            with server().connect() as admin:
                admin.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [_name(warehouse)]
                )

    with pytest.raises(RetryError, match="The PostgreSQL warehouse"), warehouse.writing() as db:
        load(warehouse.home.staging, db, break_it)
    assert in_postgres(warehouse) == before
    loaded(warehouse)
    assert in_postgres(warehouse) == in_staging(warehouse.home)


def test_one_run_at_a_time_writes(tmp_path: Path) -> None:
    warehouse = installation(tmp_path)
    with warehouse.writing(), pytest.raises(RetryError, match="being written by another run"), warehouse.writing():
        pass
    with warehouse.writing() as db:
        assert db.execute("select 1").fetchall() == [(1,)]


def test_a_database_belongs_to_the_installation_that_loaded_it_first(tmp_path: Path) -> None:
    first = installation(tmp_path / "first")
    loaded(first)
    before = in_postgres(first)
    other = Warehouse(first.uri, installation(tmp_path / "other").home)
    with pytest.raises(ConfigurationError, match=r"another installation of Takings loads it, that of .*first"):
        loaded(other)
    assert in_postgres(first) == before


def test_a_schema_that_somebody_else_made_is_not_touched(tmp_path: Path) -> None:
    warehouse = installation(tmp_path)
    with psycopg.connect(warehouse.uri) as db:
        db.execute("create schema raw_shopify; create table raw_shopify.orders (mine text)")
    with pytest.raises(ConfigurationError, match="a schema raw_shopify that Takings did not make"):
        loaded(warehouse)
    with psycopg.connect(warehouse.uri) as db:
        assert db.execute("select count(*) from raw_shopify.orders").fetchall() == [(0,)]
        assert db.execute("select 1 from pg_namespace where nspname = 'raw_stripe'").fetchall() == []


@pytest.mark.parametrize(
    ("change_uri", "error", "words"),
    [
        (lambda uri: uri.replace("p%40ss", "wrong"), ConfigurationError, "password authentication failed"),
        (lambda uri: f"{uri}_gone", ConfigurationError, "does not exist"),
        (lambda uri: "warehouse at work", ConfigurationError, "its secret is not a connection URI"),
        (lambda uri: "postgresql://a:b@127.0.0.1:1/c", RetryError, "cannot be reached"),
    ],
    ids=["a wrong password", "a database that does not exist", "no URI", "no server"],
)
def test_a_database_that_cannot_be_used_is_one_message_without_the_password(
    tmp_path: Path, change_uri: Any, error: type[TakingsError], words: str
) -> None:
    warehouse = Warehouse(change_uri(new_database()), Home(tmp_path))
    with pytest.raises(error, match=words) as raised, warehouse.writing():
        pass
    assert "wrong" not in str(raised.value).replace("Put the right", "")
    assert "p@ss" not in str(raised.value)


@pytest.mark.parametrize(
    "options", ["", "template template0 encoding 'SQL_ASCII' locale 'C'"], ids=["locale C", "no encoding"]
)
def test_a_database_that_sorts_or_lowers_texts_in_another_way_is_refused(tmp_path: Path, options: str) -> None:
    warehouse = Warehouse(new_database(options), Home(tmp_path))
    with pytest.raises(ConfigurationError, match="Make a database for Takings with: create database"):
        loaded(warehouse)


def _name(warehouse: Warehouse) -> str:
    return warehouse.uri.rpartition("/")[2]

"""Databases in memory wait for their next user, who finds nothing of the one before."""

from __future__ import annotations

from pathlib import Path
from threading import Barrier, Thread

import duckdb
import pytest

from common import database


def file(path: Path, value: int) -> Path:
    with database.connect(path) as db:
        db.execute(f"create schema marts; create table marts.x as select {value} as value")
        db.execute("create view marts.doubled as select 2 * value as value from marts.x")
    return path


def test_files_of_one_name_are_read_one_after_the_other_and_at_once(tmp_path: Path) -> None:
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
    first, second = file(tmp_path / "first" / "tenant.duckdb", 1), file(tmp_path / "second" / "tenant.duckdb", 2)
    for path, value in ((first, 1), (second, 2), (first, 1)):
        with database.attached(path) as db:
            assert db.execute("select value from marts.doubled").fetchall() == [(2 * value,)]
    with database.attached(first) as one, database.attached(second) as other, database.attached(first) as again:
        values = [db.execute("select value from marts.x").fetchall() for db in (one, other, again)]
    assert values == [[(1,)], [(2,)], [(1,)]]


def test_views_name_tables_of_files_beside_them(tmp_path: Path) -> None:
    first = file(tmp_path / "tenant-a.duckdb", 1)
    with database.connect(tmp_path / "all.duckdb") as db:
        db.execute(f"attach '{first}' as \"tenant-a\" (read_only)")
        db.execute('create schema marts; create view marts.x as select * from "tenant-a".marts.x')
    with database.attached(tmp_path / "all.duckdb", first) as db:
        assert db.execute("select value from marts.x").fetchall() == [(1,)]


def test_nothing_temporary_and_no_setting_stays(tmp_path: Path) -> None:
    path = file(tmp_path / "tenant.duckdb", 1)
    with database.attached(path) as db:
        db.execute("create temp table seen as select 1 as value")
        db.execute("set TimeZone = 'Asia/Tokyo'; set search_path = 'pg_catalog'")
    with database.attached(path) as db:
        with pytest.raises(duckdb.CatalogException):
            db.execute("select * from seen")
        assert db.execute("select current_setting('TimeZone') = 'Asia/Tokyo'").fetchall() == [(False,)]
        assert db.execute("select count(*) from marts.x").fetchall() == [(1,)]


def test_file_can_be_written_and_removed_as_soon_as_it_is_read(tmp_path: Path) -> None:
    path = file(tmp_path / "tenant.duckdb", 1)
    with pytest.raises(duckdb.BinderException), database.attached(path) as db:
        db.execute("select nothing from marts.x")
    with database.attached(path) as db:
        db.execute("select * from marts.x")  # an answer that nobody fetches
    with database.connect(path) as db:
        db.execute("update marts.x set value = 5")
    with database.attached(path) as db:
        assert db.execute("select value from marts.x").fetchall() == [(5,)]


def test_file_cannot_be_changed(tmp_path: Path) -> None:
    with pytest.raises(duckdb.InvalidInputException), database.attached(file(tmp_path / "tenant.duckdb", 1)) as db:
        db.execute("update marts.x set value = 2")


def test_missing_file_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(duckdb.IOException), database.attached(tmp_path / "none.duckdb"):
        pass
    assert not list(tmp_path.iterdir())


def test_many_threads_read_at_once_and_a_bounded_number_of_databases_waits(tmp_path: Path) -> None:
    path, number, values = file(tmp_path / "tenant.duckdb", 3), 3 * database.MOST_WAITING, list[object]()
    barrier = Barrier(number)

    def read() -> None:
        for _ in range(3):
            with database.attached(path) as db:
                barrier.wait(60)
                values.extend(db.execute("select value from marts.x").fetchall())

    threads = [Thread(target=read) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert values == [(3,)] * 3 * number
    assert len(database._waiting) <= database.MOST_WAITING

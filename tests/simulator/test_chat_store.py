"""The database and the files of a shop's assistant."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from simulator import demo_world
from simulator.apis.assistant.files import write_chat_files
from simulator.apis.assistant.rows import OTHER_TENANT
from simulator.apis.assistant.store import ChatStore
from simulator.apis.assistant.tables import COLUMNS, MAPPING
from simulator.postgres_server import PostgresServer
from simulator.scenarios.assistant import Assistant, assistant
from simulator.world import seconds

START, END = date(2026, 2, 10), datetime(2026, 3, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def books() -> Assistant:
    return assistant(demo_world(seed=11, start=START, end=END, orders=400).visits("aurora"), 11, 5, 2, 40)


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="module")
def store(server: PostgresServer, books: Assistant) -> ChatStore:
    store = ChatStore(server, books, "Aurora Outdoor")
    store.write(END - timedelta(days=9))
    return store


def rows(address: str, sql: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(address) as connection:
        return connection.execute(sql).fetchall()


def contents(address: str) -> dict[str, list[tuple[Any, ...]]]:
    tables = {name: columns for name, columns in COLUMNS.items() if name != "tenants"}
    return {
        name: rows(address, f"select {', '.join(columns)} from {name} order by tenant_id, id")
        for name, columns in tables.items()
    }


def test_rows_grow_with_the_clock_as_if_they_were_written_at_once(store: ChatStore, books: Assistant) -> None:
    for days in (8, 7, 4, 0):
        store.write(END - timedelta(days=days))
    grown = contents(store.address)
    with store.server.connect() as connection:
        connection.execute("truncate tenants cascade")
    store.written = {table: {} for table in COLUMNS}
    store.write(END)
    assert contents(store.address) == grown
    stored = books.stored(seconds(END))
    counts = "select count(*), count(rating), sum(cost_usd) from chat_sessions where tenant_id = 'aurora'"
    assert rows(store.address, counts) == [
        (
            len(stored.sessions),
            sum(session.satisfaction is not None for session in stored.sessions),
            Decimal(sum(message.reported_cost or 0 for message in stored.messages)) / 1_000_000,
        )
    ]
    assert any(session.deleted_at <= seconds(END) for session in books.sessions(seconds(END)))


def test_another_tenant_has_the_same_ids(store: ChatStore) -> None:
    twice = "select id from {} group by id having count(distinct tenant_id) = 2"
    for table in ("chat_sessions", "chat_messages", "product_analytics"):
        assert rows(store.address, twice.format(table))
    assert {name for (name,) in rows(store.address, "select id from tenants")} == {"aurora", OTHER_TENANT}


def test_reader_reads_what_the_mapping_names_and_writes_nothing(store: ChatStore) -> None:
    for table, columns in MAPPING.values():
        names = {column.partition(".")[0] for column in columns.values()}
        assert rows(store.address, f"select {', '.join(names)} from {table}")
    for sql in ("select widget_key from tenants", "delete from chat_sessions", "create table mine (id integer)"):
        with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)):
            rows(store.address, sql)


def test_server_restarts_with_its_rows_on_its_port(store: ChatStore) -> None:
    before, pid = contents(store.address), store.server.pid
    with psycopg.connect(store.address) as connection:
        store.server.restart()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")
    assert store.server.pid != pid
    assert contents(store.address) == before


def test_locked_table_cannot_be_read(store: ChatStore) -> None:
    with store.server.locked("chat_messages"), psycopg.connect(store.address) as connection:
        connection.execute("set lock_timeout = 1")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            connection.execute("select count(*) from chat_messages")
    assert rows(store.address, "select 1 from chat_messages limit 1")


def test_server_and_its_folder_end_with_a_process_that_is_killed() -> None:
    code = (
        "import os; from simulator.postgres_server import PostgresServer; server = PostgresServer();"
        "print(server.folder, server.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    killed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    folder, pid = killed.stdout.split()
    deadline = time.monotonic() + 60
    while Path(folder).exists():
        assert time.monotonic() < deadline, f"{folder} is still there"
        time.sleep(0.05)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


def test_files_of_three_forms_hold_the_same_records(books: Assistant, tmp_path: Path) -> None:
    stored = books.stored(seconds(END))
    for form in ("jsonl", "csv", "parquet"):
        write_chat_files(books, tmp_path, END, form)
    for contract, records in (
        ("chat_sessions", stored.sessions), ("chat_messages", stored.messages), ("product_events", stored.events),
    ):  # fmt: skip
        lines = (tmp_path / f"{contract}.jsonl").read_text().splitlines()
        objects = [json.loads(line, parse_float=str, parse_int=str) for line in lines]
        with (tmp_path / f"{contract}.csv").open(newline="") as file:
            table = [{name: text for name, text in row.items() if text} for row in csv.DictReader(file)]
        assert objects == table
        assert len(table) == len(records)
    with duckdb.connect() as db:
        db.execute("set TimeZone = 'UTC'")
        sql = "select sum(reported_cost), sum(input_tokens), max(created_at)::varchar from '{}/chat_messages.{}'"
        parquet, sheet = (db.execute(sql.format(tmp_path, form)).fetchall()[0] for form in ("parquet", "csv"))
    assert (Decimal(str(parquet[0])), parquet[1]) == (
        Decimal(sum(message.reported_cost or 0 for message in stored.messages)) / 1_000_000,
        sum(message.input_tokens or 0 for message in stored.messages),
    )
    assert parquet[1:] == sheet[1:]
    prices = (tmp_path / "model_prices.csv").read_text().splitlines()
    assert prices[0] == "model,token_kind,usd_per_million,valid_from,valid_to"
    assert len(prices) == 7

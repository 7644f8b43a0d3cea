"""The database of a shop's assistant in trouble: what was pulled is whole, and the next pull heals."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.errors import RetryError
from orchestration import demo, pipeline
from simulator.apis.assistant.store import ChatStore
from simulator.apis.assistant.tables import mapping
from simulator.postgres_server import PostgresServer
from simulator.world import seconds
from tests.orchestration.installation import Installation
from tests.sampling import sample
from tests.small_worlds import SHOP, SHOP_END, assistant_world

BOOKS = assistant_world(11).assistant(SHOP)
TABLES = ("chat_sessions", "chat_messages", "product_events")


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    with PostgresServer() as server:
        yield server


@pytest.fixture(scope="module")
def database(server: PostgresServer) -> ChatStore:
    """Its times are those of today: a pull compares them with the database's clock."""
    return ChatStore(server, BOOKS, "Aurora Outdoor", seconds(datetime.now(UTC)) - seconds(SHOP_END))


@pytest.fixture
def store(database: ChatStore) -> ChatStore:
    """What is stored at the end of the world."""
    database.write(SHOP_END)
    return database


def installation(folder: Path, store: ChatStore, **settings: int) -> Installation:
    """A tenant with the database as its only source."""
    place = Installation(folder)
    place.root.mkdir()
    (folder / "uri").write_text(store.address)
    source = {"kind": "postgres", "account": "assistant", "secret": "file:uri", **settings, "tables": mapping(SHOP)}
    tenant = {"id": SHOP, "name": "Aurora Outdoor", "time_zone": "America/New_York", "currency": "USD"}
    lines = ["[[tenants]]", *(f"{name} = {json.dumps(value)}" for name, value in tenant.items())]
    (folder / "takings.toml").write_text("\n".join([*lines, "[[tenants.sources]]", *demo.source_lines(source)]))
    return place


@pytest.fixture
def place(store: ChatStore, tmp_path: Path) -> Installation:
    return installation(tmp_path / "place", store)


def staged(place: Installation) -> list[tuple[Any, ...]]:
    """The staged records: numbers of rows, and sums that miss or repeat none."""
    with duckdb.connect(str(place.home.staging), read_only=True) as db:
        return db.execute(
            """select count(*), count(satisfaction), sum(reported_cost_micros)
            from postgres.chat_sessions where not is_deleted
            union all
            select count(*), sum(input_tokens), sum(reported_cost_micros)
            from postgres.chat_messages where not is_deleted
            union all
            select count(*), count(distinct event_id), count(position)
            from postgres.product_events where not is_deleted
            union all
            select count(*), 0, 0 from takings.rejects"""
        ).fetchall()


def expected(at: datetime = SHOP_END) -> list[tuple[Any, ...]]:
    stored = BOOKS.stored(seconds(at))
    return [
        (
            len(stored.sessions),
            sum(session.satisfaction is not None for session in stored.sessions),
            sum(session.reported_cost or 0 for session in stored.sessions),
        ),
        (
            len(stored.messages),
            sum(message.input_tokens or 0 for message in stored.messages),
            sum(message.reported_cost or 0 for message in stored.messages),
        ),
        (len(stored.events), len(stored.events), sum(event.position is not None for event in stored.events)),
        (0, 0, 0),
    ]


def test_pulls_follow_a_database_that_grows_changes_and_loses_rows(store: ChatStore, tmp_path: Path) -> None:
    place = installation(tmp_path / "place", store, lookback_minutes=7 * 24 * 60)
    for days in (6, 3, 0):
        store.write(SHOP_END - timedelta(days=days))
        place.pull()
        assert staged(place) == expected(SHOP_END - timedelta(days=days))


def test_pull_of_a_server_that_refuses_connections_says_so_and_the_next_one_heals(
    store: ChatStore, place: Installation
) -> None:
    store.server.stop()
    failure = place.failure()
    assert isinstance(failure, RetryError)
    assert "PostgreSQL source assistant of tenant aurora cannot be reached" in str(failure)
    assert "simulated-reader" not in str(failure)
    store.server.start()
    place.pull()
    assert staged(place) == expected()


@pytest.mark.parametrize("table", sample(TABLES, "chat_messages"))
def test_server_that_restarts_in_a_pull_loses_and_repeats_no_row(
    store: ChatStore, place: Installation, table: str
) -> None:
    restarts = []

    def progress(what: str, count: int, total: int | None, detail: str) -> None:
        if table in f"{what} {detail}" and not restarts:
            restarts.append(what)
            store.server.restart()

    failure = next(iter(pipeline.pull_all(place.settings, progress).failed.values()), None)
    assert restarts
    assert failure is None or isinstance(failure, RetryError)
    place.pull()
    assert staged(place) == expected()


def test_locked_table_is_waited_for_until_the_timeout(store: ChatStore, tmp_path: Path) -> None:
    place = installation(tmp_path / "place", store, statement_timeout=1)
    with store.server.locked("chat_messages"):
        failure = place.failure()
    assert isinstance(failure, RetryError)
    assert "statement timeout" in str(failure)
    place.pull()
    assert staged(place) == expected()

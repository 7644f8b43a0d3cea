"""The database of a shop's assistant in trouble: what was pulled is whole, and the next pull heals."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.errors import RetryError
from orchestration import dbt_parse, demo, pipeline
from orchestration.home import Home
from simulator.apis.assistant.store import ChatStore
from simulator.apis.assistant.tables import mapping
from simulator.postgres_server import PostgresServer
from simulator.world import seconds
from tests.orchestration import first_build
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


def installation(folder: Path, store: ChatStore, **settings: Any) -> Installation:
    """A tenant with the database as its only source."""
    place = Installation(folder)
    place.root.mkdir()
    (folder / "uri").write_text(store.address)
    source = {"kind": "postgres", "account": "assistant", "secret": "file:uri", "tables": mapping(SHOP)} | settings
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


NOTES_AND_PRICES = """
create table notes (id integer primary key, shop text, starts date, ends date, sort text, words text);
create table prices (id integer primary key, model text, kind text, usd numeric(12, 6), since date, until date);
grant select on notes, prices to takings_reader;
insert into notes values
    (1, 'aurora', '2026-02-10', '2026-02-14', 'promotion', 'Valentine'),
    (2, 'aurora', '2026-02-10', '2026-02-16', 'promotion', 'Valentine'),
    (3, 'aurora', '2026-03-01', null, 'event', 'Shop opened'),
    (4, 'other', '2026-03-02', null, 'event', 'Of another shop'),
    (5, 'aurora', '2026-03-03', null, 'sale', 'No such kind');
insert into prices values
    (1, 'gpt-4o', 'input', 2.50, '2026-01-01', null),
    (2, 'gpt-4o', 'input', 2.00, '2026-03-01', null),
    (3, 'gpt-4o', 'output', 10, '2026-01-01', '2026-06-30'),
    (4, 'small', 'embedding', 0.020001, '2026-01-01', null);
"""
NOTES = {
    "table": "notes",
    "key": "id",
    "tenant": {"column": "shop", "value": "aurora"},
    "columns": {"day": "starts", "until": "ends", "kind": "sort", "title": "words"},
}
PRICES = {
    "table": "prices",
    "key": "id",
    "columns": {"token_kind": "kind", "usd_per_million": "usd", "valid_from": "since", "valid_to": "until"},
}


def staging_rows(place: Installation, folder: Path) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    """What the models of annotations and of prices select from the staging file, as dbt wrote them."""
    pipeline.record_run(place.settings, "run")
    folder.mkdir()
    views = folder / dbt_parse.scratch(place.home).name
    shutil.copyfile(dbt_parse.scratch(Home(first_build.empty())), views)
    with duckdb.connect(str(views)) as db:
        db.execute("set python_enable_replacements = false")  # this module has a name `annotations`
        db.execute(f"attach '{place.home.staging}' as raw (read_only)")
        notes = "select first_day::varchar, last_day::varchar, kind, title from staging.stg_files__annotations"
        prices = (
            "select model, token_kind, usd_micros_per_million, valid_from::varchar, valid_to::varchar "
            "from staging.stg_files__model_prices"
        )
        return db.execute(f"{notes} order by all").fetchall(), db.execute(f"{prices} order by all").fetchall()


def test_annotations_and_prices_of_a_database_reach_the_staging_models(
    server: PostgresServer, store: ChatStore, tmp_path: Path
) -> None:
    with server.connect() as connection:
        connection.execute(NOTES_AND_PRICES)
    place = installation(tmp_path / "place", store, tables={"annotations": NOTES, "model_prices": PRICES})
    place.pull()
    assert staging_rows(place, tmp_path / "first") == (
        [("2026-02-10", "2026-02-16", "promotion", "Valentine"), ("2026-03-01", "2026-03-01", "event", "Shop opened")],
        [
            ("gpt-4o", "input", 2_000_000, "2026-03-01", None),
            ("gpt-4o", "input", 2_500_000, "2026-01-01", "2026-02-28"),  # until the next price
            ("gpt-4o", "output", 10_000_000, "2026-01-01", "2026-06-30"),
            ("small", "embedding", 20_001, "2026-01-01", None),
        ],
    )
    rejects = "select table_name, row_key, reason from takings.rejects"
    with duckdb.connect(str(place.home.staging), read_only=True) as db:
        ((table, key, reason),) = db.execute(rejects).fetchall()
    assert (table, key) == ("annotations", "notes/5")
    assert "kind" in reason and "sale" in reason
    with server.connect() as connection:
        connection.execute("delete from notes where id = 3; update notes set sort = 'event' where id = 5")
        connection.execute(
            "update prices set usd = 1.75, since = '2026-03-02' where id = 2; delete from prices where id = 4"
        )
    place.pull()
    assert staging_rows(place, tmp_path / "second") == (
        [("2026-02-10", "2026-02-16", "promotion", "Valentine"), ("2026-03-03", "2026-03-03", "event", "No such kind")],
        [
            ("gpt-4o", "input", 1_750_000, "2026-03-02", None),
            ("gpt-4o", "input", 2_500_000, "2026-01-01", "2026-03-01"),
            ("gpt-4o", "output", 10_000_000, "2026-01-01", "2026-06-30"),
        ],
    )
    with duckdb.connect(str(place.home.staging), read_only=True) as db:
        assert not db.execute(rejects).fetchall()

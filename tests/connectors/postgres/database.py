"""A PostgreSQL server for all tests of a process, with one small database per test, and the pulls of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from connectors.base import Account, Progress, Pulled, no_progress
from connectors.http import Transport
from connectors.postgres.pull import pull
from connectors.postgres.settings import PostgresSettings
from connectors.sync.landing import Landing
from connectors.sync.loop import PullContext
from connectors.sync.staging import Staging
from simulator.postgres_server import PostgresServer
from tests.connectors import staged

SCHEMA = """
create type speaker as enum ('user', 'assistant');
create table chats (shop text, id uuid, opened timestamptz not null, changed timestamptz not null, person bigint,
    cost numeric(20, 10), about json, primary key (shop, id));
create table messages (shop text, id bigint, chat uuid, at timestamp not null, changed timestamptz, author speaker,
    body text, tokens integer, secret text, primary key (shop, id));
create table shops (id text primary key, voice text, settings jsonb, changed timestamptz);
grant select on chats, shops to reader;
grant select (shop, id, chat, at, changed, author, body, tokens) on messages to reader;
"""
CHATS = {
    "table": "chats",
    "columns": {"session_id": "id", "started_at": "opened", "updated_at": "changed", "customer_id": "person",
                "reported_cost": "cost", "language": "about.language"},
    "constants": {"variant": "A"},
    "tenant": {"column": "shop", "value": "aurora"},
}  # fmt: skip
MESSAGES = {
    "table": "public.messages",
    "columns": {"message_id": "id", "session_id": "chat", "created_at": "at", "updated_at": "changed", "role": "author",
                "text": "body", "output_tokens": "tokens"},
    "tenant": {"column": "shop", "value": "aurora"},
}  # fmt: skip
SHOPS = {
    "table": "shops",
    "columns": {"store_id": "id", "brand_voice": "voice", "temperature": "settings.temperature"},
    "tenant": {"column": "id", "value": "aurora"},
    "changed_at": "changed",
}
_NAMES = count()


@cache
def server() -> PostgresServer:
    """One server; it ends with this process."""
    started = PostgresServer()
    with started.connect() as connection:
        connection.execute("create role reader login password 'pass%word'")
    return started


def database() -> str:
    """The URI of the login `reader` to a new database with the tables above, empty."""
    name = f"chats_{next(_NAMES)}"
    with server().connect() as connection:
        connection.execute(f"create database {name}")
    uri = server().address("reader", "pass%25word")
    with administrator(uri.replace("/shop", f"/{name}")) as connection:
        connection.execute(SCHEMA)
    return uri.replace("/shop", f"/{name}")


def administrator(uri: str) -> psycopg.Connection[Any]:
    """A connection of the superuser to the same database."""
    with server().connect() as connection:
        address = connection.info.dsn
        password = connection.info.password
    return psycopg.connect(f"{address} dbname={urlsplit(uri).path[1:]} password={password}", autocommit=True)


@dataclass
class Place:
    """A landing zone and a staging file over one database."""

    root: Path
    uri: str = field(default_factory=database)
    tables: dict[str, Any] = field(default_factory=lambda: {"chat_sessions": CHATS, "chat_messages": MESSAGES})
    zone: str = "America/New_York"
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def settings(self) -> PostgresSettings:
        tables = {"kind": "postgres", "account": "assistant", "secret": "env:URI", "tables": self.tables}
        return PostgresSettings.model_validate(tables | self.more)

    @property
    def account(self) -> Account:
        return Account("acme", "postgres", "assistant", "", self.uri)

    def execute(self, sql: str, *values: Any) -> None:
        with administrator(self.uri) as connection:
            connection.execute(sql, values or None)

    def chat(self, number: int, changed: str = "2026-03-01 12:00Z", shop: str = "aurora", **columns: Any) -> None:
        values = {"opened": "2026-03-01 11:00Z", "person": number, "cost": "0.0123456"} | columns
        self.execute(
            f"insert into chats (shop, id, changed, {', '.join(values)}) values (%s, %s, %s, "
            f"{', '.join(['%s'] * len(values))})",
            shop, key(number), changed, *values.values(),
        )  # fmt: skip

    def pull(self, progress: Progress = no_progress) -> dict[str, Pulled]:
        with Staging(self.root / "staging.duckdb") as staging:
            context = PullContext(
                self.account, Landing(self.root / "landing"), staging, "run", Transport((self.uri,)), progress,
                clock=lambda: datetime.now(UTC) + timedelta(0), time_zone=self.zone,
            )  # fmt: skip
            return {result.stream: result for result in pull(context, self.settings)}

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return staged.rows(self.root / "staging.duckdb", sql)

    def sessions(self) -> list[str]:
        """The numbers of the chats that are there."""
        rows = self.rows("select session_id from postgres.chat_sessions where not is_deleted order by 1")
        return [str(int(row[0][-12:])) for row in rows]


def key(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012d}"

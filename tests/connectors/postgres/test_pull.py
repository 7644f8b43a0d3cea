"""A pull of a real PostgreSQL server: types, increments, deletions, interruptions, and what its errors say."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from psycopg.errors import ReadOnlySqlTransaction

from connectors.base import Account
from connectors.errors import ConfigurationError, RetryError, TakingsError
from connectors.postgres import pull as module
from connectors.postgres.client import snapshot
from connectors.postgres.connection import Connection
from tests.connectors.postgres.database import CHATS, MESSAGES, SHOPS, Place, key, server


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_every_type_is_read_exactly_and_only_mapped_columns_leave_the_database(place: Place) -> None:
    place.tables["store_profile"] = SHOPS
    place.chat(1, about='{"language": "pt"}')
    place.chat(2, shop="other")
    place.execute(
        "insert into messages values ('aurora', 42, %s, '2026-02-01 12:30:00.25', null, 'assistant', %s, 7, 'hidden')",
        key(1),
        "Grüße 👋",
    )
    place.execute("insert into shops values ('aurora', 'warm', '{\"temperature\": 0.70}', null)")
    place.pull()
    sessions = "select session_id, started_at, customer_id, variant, language, reported_cost_micros, started_at_text"
    assert place.rows(f"{sessions} from postgres.chat_sessions") == [
        (key(1), datetime(2026, 3, 1, 11), "1", "A", "pt", 12346, "2026-03-01 11:00:00+00")
    ]
    assert place.rows("select message_id, session_id, created_at, role, text, text_length, output_tokens, file "
                      "from postgres.chat_messages") == [
        ("42", key(1), datetime(2026, 2, 1, 17, 30, 0, 250_000), "assistant", None, 7, 7, "public.messages")
    ]  # fmt: skip
    assert place.rows("select brand_voice, temperature::varchar from postgres.store_profile") == [
        ("warm", "0.700000000000")
    ]
    assert not place.rows("select * from takings.rejects")


def test_a_pull_brings_what_changed_and_marks_what_is_gone(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS_A_PAGE", 2)
    for number in range(1, 8):
        place.chat(number, changed=f"2026-03-0{number // 2 + 1} 12:00Z")  # pages end between equal times
    place.pull()
    assert place.sessions() == ["1", "2", "3", "4", "5", "6", "7"]
    again = place.pull()["chat_sessions"]
    assert (again.changed, again.rejected) == (0, 0)
    place.execute("delete from chats where id in (%s, %s)", key(2), key(7))
    place.execute("update chats set person = 99, changed = now() where id = %s", key(3))
    place.chat(8, changed="now")
    changed = place.pull()["chat_sessions"]
    assert place.sessions() == ["1", "3", "4", "5", "6", "8"]
    assert changed.landed == 4 and changed.changed == 4
    assert place.rows(f"select customer_id from postgres.chat_sessions where session_id = '{key(3)}'") == [("99",)]
    place.chat(2, changed="now")  # it is there again
    place.pull()
    assert place.sessions() == ["1", "2", "3", "4", "5", "6", "8"]


@pytest.mark.parametrize("interrupted_after", [1, 2, 3])
def test_a_pull_that_was_interrupted_continues_after_its_last_page(
    interrupted_after: int, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROWS_A_PAGE", 2)
    for number in range(1, 8):
        place.chat(number)
    pages = list[str]()

    def stop(stream: str, *_: Any) -> None:
        pages.append(stream)
        if len(pages) == interrupted_after:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        place.pull(stop)
    place.execute("update chats set person = 99, changed = now() where id = %s", key(1))  # comes on a later page
    place.execute("delete from chats where id = %s", key(2))
    counts = list[int]()
    place.pull(lambda stream, count, *_: counts.append(count))
    place.pull()
    assert place.sessions() == ["1", "3", "4", "5", "6", "7"]
    assert counts[0] > 2 * interrupted_after  # rows landed so far
    assert place.rows(f"select customer_id from postgres.chat_sessions where session_id = '{key(1)}'") == [("99",)]


def test_a_row_that_cannot_be_read_is_named_by_its_key_until_it_is_corrected(place: Place) -> None:
    place.chat(1)
    place.chat(2, cost="-1")
    assert place.pull()["chat_sessions"].rejected == 1
    assert place.rows("select row_key, reason from takings.rejects") == [
        (key(2), "reported_cost is not between 0 and 1000000: -1.0000000000")
    ]
    place.execute("update chats set cost = 1, changed = now() where id = %s", key(2))
    place.pull()
    assert place.sessions() == ["1", "2"] and place.rows("select * from takings.rejects") == []


def test_another_mapping_zone_or_tenant_is_read_from_the_beginning(place: Place) -> None:
    place.chat(1, about='{"language": "pt"}')
    place.chat(2, shop="other")
    place.pull()
    place.tables = {"chat_sessions": CHATS | {"constants": {"variant": "B"}}}
    place.pull()
    assert place.rows("select variant from postgres.chat_sessions") == [("B",)]
    place.tables = {"chat_sessions": CHATS | {"tenant": {"column": "shop", "value": "other"}}}
    place.pull()
    assert place.sessions() == ["2"]


@pytest.mark.parametrize(
    ("kind", "zone"), [("timestamp", "America/Los_Angeles"), ("timestamp", "Asia/Tokyo"), ("text", "UTC")]
)
def test_a_row_that_changed_is_read_whatever_its_times_are_written_in(kind: str, zone: str, place: Place) -> None:
    """Local times west of Greenwich look hours older than they are; in Tokyo the program writes UTC."""
    place.zone = zone
    writes = "UTC" if zone == "Asia/Tokyo" else zone
    now = f"to_char(now() at time zone '{writes}', 'YYYY-MM-DD HH24:MI:SS')::{kind}"
    place.execute(
        f"create table talks (id text primary key, opened timestamptz, changed {kind}, tongue text); grant select on "
        f"talks to reader; insert into talks values ('1', '2026-03-01 11:00Z', {now}, 'pt')"
    )
    columns = {"session_id": "id", "started_at": "opened", "language": "tongue"}
    place.tables = {"chat_sessions": {"table": "talks", "columns": columns, "changed_at": "changed"}}
    place.pull()
    place.execute(f"update talks set tongue = 'en', changed = {now}")
    place.pull()
    assert place.rows("select language from postgres.chat_sessions") == [("en",)]


def test_an_event_log_in_a_table_is_known_by_its_key(place: Place) -> None:
    place.execute(
        "create table log (id int primary key, vault_id text, sale_datetime timestamp, funnel_stage text, "
        "sale_amount numeric, noise text); grant select on log to reader; insert into log "
        "select n, 'v', '2026-03-01 12:00', 'purchase', 12.5 from generate_series(1, 3) n"
    )
    place.tables = {"event_log": {"table": "log", "key": "id"}}
    place.pull()
    place.execute("delete from log where id = 2")
    place.pull()
    rows = place.rows(
        "select row_hash, occurrence, sale_amount::varchar, is_deleted from postgres.event_log order by 1"
    )
    assert [row for row in rows if not row[-1]] == [("1", 1, "12.500000", False), ("3", 1, "12.500000", False)]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"table": "chat"}, "there is no table chat. The database has public.chats, public.messages, public.shops"),
        ({"columns": CHATS["columns"] | {"ended_at": "closed"}}, "chats has no column 'closed'. It has shop"),
        ({"columns": {"session_id": "id"}}, "chat_sessions needs started_at: name its column of chats in `columns`"),
        ({"columns": CHATS["columns"] | {"language": "person.language"}}, "chats.person is of type bigint"),
        ({"tenant": None}, "several rows have the key id = 00000000-0000-0000-0000-000000000001"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_mapping_names_what_exists(change: dict[str, Any], words: str, place: Place) -> None:
    place.chat(1)
    place.chat(1, shop="other")
    place.tables = {"chat_sessions": CHATS | change}
    with pytest.raises(ConfigurationError) as raised:
        place.pull()
    assert words in str(raised.value) and "PostgreSQL source assistant of tenant acme" in str(raised.value)


def test_rows_without_a_key_are_counted_whatever_page_they_would_be_on(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROWS_A_PAGE", 2)
    place.execute(
        "create table log (number bigint, vault text, at timestamptz, stage text); grant select on log to reader; "
        "insert into log select case when n not in (4, 5) then n end, 'v', '2026-03-01 12:00Z', 'visit' "
        "from generate_series(1, 6) as n"
    )
    columns = {"vault_id": "vault", "sale_datetime": "at", "funnel_stage": "stage"}
    place.tables = {"event_log": {"table": "log", "key": "number", "columns": columns}}
    for _ in range(2):
        result = place.pull()["event_log"]
        assert [row[0] for row in place.rows("select row_hash from postgres.event_log order by 1")] == [
            "1",
            "2",
            "3",
            "6",
        ]
        assert "table log: 2 rows have no number, so nothing tells them apart" in result.warnings[0]
        assert place.rows("select reason from takings.rejects") == [("row_hash is missing",)]
    place.execute("update log set number = 4 where ctid = (select min(ctid) from log where number is null)")
    assert "table log: 1 rows" in place.pull()["event_log"].warnings[0]
    assert len(place.rows("select reason from takings.rejects")) == 1
    place.execute("update log set number = 5 where number is null")
    assert not place.pull()["event_log"].warnings
    assert not place.rows("select reason from takings.rejects")
    assert len(place.rows("select * from postgres.event_log")) == 6


def test_a_reject_ends_when_its_row_is_gone(place: Place) -> None:
    """Otherwise an entry of a log that was deleted would stop the publish for ever."""
    place.execute(
        "create table log (number bigint, vault text, at timestamptz, stage text); grant select on log to reader; "
        "insert into log values (1, 'v', '2026-03-01 12:00Z', 'visit'), (2, 'v', '2026-03-01 12:00Z', 'a visit')"
    )
    place.chat(1)
    place.chat(2, person=None, cost="-1")
    columns = {"vault_id": "vault", "sale_datetime": "at", "funnel_stage": "stage"}
    place.tables |= {"event_log": {"table": "log", "key": "number", "columns": columns}}
    for _ in range(2):
        place.pull()
        assert place.rows("select row_key from takings.rejects order by 1") == [(key(2),), ("log/2",)]
    place.execute("delete from log where number = 2")
    place.execute("delete from chats where id = %s", key(2))
    place.pull()
    assert not place.rows("select * from takings.rejects")


def test_a_row_that_changed_in_the_hour_that_comes_twice_is_read(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last change, a local time without a zone, is earlier than the one before: 01:50, then 01:10 an hour later."""
    place.execute("alter table chats alter changed type timestamp")
    place.more = {"lookback_minutes": 0}
    place.chat(1, changed="2025-11-01 12:00", opened="2025-11-01 11:00Z")
    real = module.client.snapshot
    for changed, now, person in (("01:50", "05:51", "3"), ("01:10", "06:11", "4")):

        @contextmanager
        def at(account: Account, timeout: int, now: str = now) -> Iterator[tuple[Connection, datetime]]:
            with real(account, timeout) as (connection, _):
                yield connection, datetime.fromisoformat(f"2025-11-02T{now}:00+00:00")

        monkeypatch.setattr(module.client, "snapshot", at)
        place.execute("update chats set changed = %s, person = %s", f"2025-11-02 {changed}", person)
        place.pull()
        assert place.rows("select customer_id from postgres.chat_sessions") == [(person,)]


def test_a_check_asks_the_database_and_reads_no_row(place: Place) -> None:
    place.chat(1)
    module.check(place.account, place.settings)
    place.tables = {"chat_sessions": CHATS | {"table": "talks"}}
    with pytest.raises(ConfigurationError, match="there is no table talks"):
        module.check(place.account, place.settings)
    place.uri = place.uri.replace("pass%25word", "wrong")
    with pytest.raises(ConfigurationError, match="password authentication failed"):
        module.check(place.account, place.settings)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("pass%25word", "wrong"), 'password authentication failed for user "reader"'),
        (("reader:", "nobody:"), "authentication failed"),
        (("/chats_", "/none_"), "does not exist"),
        (("postgresql://", "https://"), "its secret is not a connection URI"),
        (("pass%25word", "pass%word"), "its secret is not a connection URI"),
    ],
)
def test_a_login_that_is_refused_is_a_mistake_of_the_configuration(
    change: tuple[str, str], words: str, place: Place
) -> None:
    place.uri = place.uri.replace(*change)
    with pytest.raises(ConfigurationError) as raised:
        place.pull()
    assert words in str(raised.value) and "pass%" not in str(raised.value)


def test_a_server_without_tls_says_which_mode_to_set(place: Place) -> None:
    place.uri += "?sslmode=require"
    with pytest.raises(ConfigurationError, match="Set `sslmode` in the URI"):
        place.pull()


def test_a_column_that_the_login_may_not_read_is_named(place: Place) -> None:
    place.tables = {"chat_messages": MESSAGES | {"columns": MESSAGES["columns"] | {"model": "secret"}}}
    with pytest.raises(ConfigurationError, match=r"the login may not read public\.messages\.secret"):
        place.pull()


def test_a_query_that_takes_too_long_can_be_run_again(place: Place) -> None:
    place.more = {"statement_timeout": 1}
    place.execute(
        "create view slow as select *, pg_sleep(20)::text as pause from chats; grant select on slow to reader"
    )
    place.chat(1)
    place.tables = {"chat_sessions": CHATS | {"table": "slow", "columns": CHATS["columns"] | {"visit_id": "pause"}}}
    with pytest.raises(RetryError, match="statement timeout"):
        place.pull()


def test_a_server_that_goes_away_in_the_middle_can_be_asked_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROWS_A_PAGE", 1)
    place.chat(1)
    place.chat(2)
    broken = list[str]()

    def end(*_: Any) -> None:
        if not broken:
            broken.append("once")
            place.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'reader'")

    with pytest.raises(RetryError, match="it continues where it stopped"):
        place.pull(end)
    place.pull()
    assert place.sessions() == ["1", "2"]


def test_a_server_that_is_not_there_can_be_asked_again(place: Place) -> None:
    place.uri = place.uri.replace(f":{server().port}/", ":1/")
    with pytest.raises(RetryError, match="cannot be reached"):
        place.pull()


def test_a_pull_sees_one_instant(place: Place) -> None:
    place.chat(1)

    inserted = list[str]()

    def insert(stream: str, *_: Any) -> None:
        if not inserted:
            inserted.append(stream)
            place.chat(2)
            place.execute("insert into messages values ('aurora', 1, %s, '2026-02-01', null, 'user', 'x')", key(2))

    place.pull(insert)
    assert place.sessions() == ["1"] and place.rows("select * from postgres.chat_messages") == []
    place.pull()
    assert place.sessions() == ["1", "2"]


def test_the_connection_of_a_pull_cannot_write(place: Place) -> None:
    place.execute("grant insert on chats to reader")
    with snapshot(place.account, 10) as (connection, _), pytest.raises(ReadOnlySqlTransaction):
        connection.execute(
            "insert into chats (shop, id, opened, changed) values ('x', gen_random_uuid(), now(), now())"
        )


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({}, "name at least one table"),
        ({"chats": CHATS}, "'chats' is not one of chat_sessions, chat_messages"),
        ({"chat_sessions": CHATS | {"columns": {"mood": "x"}}}, "tables.chat_sessions: 'mood' is not a field of it"),
        ({"chat_sessions": CHATS | {"constants": {"customer_id": "1"}}}, "is in columns and in constants"),
        ({"event_log": {"table": "log"}}, "name the column that tells its rows apart as `key`"),
        ({"chat_sessions": {"table": 'a";drop'}}, "String should match pattern"),
    ],
)
def test_a_mistake_in_the_settings_is_named_before_a_pull(tables: dict[str, Any], words: str, place: Place) -> None:
    place.tables = tables
    with pytest.raises(ValueError, match="validation error") as raised:
        assert place.settings
    assert words in str(raised.value)


def test_every_error_of_the_database_is_one_of_ours(place: Place) -> None:
    place.execute("create view bad as select *, 1 / (person - 1) as zero from chats; grant select on bad to reader")
    place.chat(1)
    place.tables = {"chat_sessions": CHATS | {"table": "bad", "columns": CHATS["columns"] | {"visit_id": "zero"}}}
    with pytest.raises(TakingsError, match="division by zero"):
        place.pull()


def test_web_events_expenses_and_balances_are_read_from_tables(place: Place) -> None:
    """Each with a row that can be read and one that cannot."""
    place.execute(
        "create table clicks (id bigint, at timestamptz, name text, browser text, status int, more jsonb);"
        "create table bills (id bigint, month date, what text, kind text, eur numeric(12, 2));"
        "create table banks (id bigint, day date, bank text, balance numeric, currency text);"
        "grant select on clicks, bills, banks to reader;"
        "insert into clicks values (1, '2026-03-01 12:00Z', 'page_view', 'b', 200, '{\"a\": 1}'),"
        " (2, null, 'page_view', 'b', null, null);"
        "insert into bills values (1, '2026-03-01', 'Rent', 'fixed', 4200.10), (2, '2026-03-17', 'Rent', 'fixed', 1);"
        "insert into banks values (1, '2026-03-01', 'Main', -1.5, 'EUR'), (2, '2026-03-01', 'Other', 1, 'E');"
    )
    place.tables = {
        "events": {
            "table": "clicks",
            "columns": {"event_id": "id", "occurred_at": "at", "event_name": "name", "anonymous_id": "browser",
                        "status_code": "status", "properties": "more"},
        },
        "operating_expenses": {"table": "bills", "key": "id", "constants": {"currency": "EUR"},
                               "columns": {"category": "what", "cost_kind": "kind", "amount": "eur"}},
        "cash_balances": {"table": "banks", "key": "id", "columns": {"bank_account": "bank"}},
    }  # fmt: skip
    place.pull()
    assert place.rows("select event_id, occurred_at, anonymous_id, status_code, properties from postgres.events") == [
        ("1", datetime(2026, 3, 1, 12), "b", 200, '{"a": 1}')
    ]
    assert place.rows(
        "select month::varchar, category, cost_kind, amount::varchar, currency from postgres.operating_expenses"
    ) == [("2026-03-01", "Rent", "fixed", "4200.100000", "EUR")]
    assert place.rows("select day::varchar, bank_account, balance::varchar from postgres.cash_balances") == [
        ("2026-03-01", "Main", "-1.500000")
    ]
    assert place.rows("select row_key, reason from takings.rejects order by 1") == [
        ("2", "occurred_at is missing"),
        ("banks/2", "currency is not a currency's code of three letters such as USD: E"),
        ("bills/2", "month is not a month such as 2026-11: 2026-03-17"),
    ]
    place.execute("delete from bills where id = 1; update bills set month = '2026-04-01'")
    place.pull()
    assert place.rows("select month::varchar from postgres.operating_expenses where not is_deleted") == [
        ("2026-04-01",)
    ]

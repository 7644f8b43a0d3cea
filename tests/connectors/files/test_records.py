"""Files of chats and event logs: every format, what replaces what, and one bad row costs only itself."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from tests.connectors.contracts.test_samples import SAMPLE
from tests.connectors.files.pulling import Place

HEADER = b"vault_id,sale_datetime,sale_amount,funnel_stage\n"
SALE = b"v1,2026-03-01T12:00:00Z,12.50,purchase\n"
CART = b'{"vault_id": "v", "sale_datetime": "2026-03-01T12:00:00Z", "funnel_stage": "cart"}'


def message(key: str, **more: Any) -> dict[str, Any]:
    return {"message_id": key, "session_id": "s", "created_at": "2026-03-01T12:00:00Z", "role": "user", **more}


def lines(*records: dict[str, Any]) -> bytes:
    return "".join(f"{json.dumps(record)}\n" for record in records).encode()


def sales(place: Place) -> list[tuple[Any, ...]]:
    return place.rows("select file, vault_id, sale_amount::varchar, occurrence from files.event_log order by all")


def test_every_format_gives_the_same_rows(place: Place) -> None:
    entry = {"vault_id": "v1", "sale_datetime": "2026-03-01T12:00:00", "sale_amount": 12.5, "funnel_stage": "purchase",
             "refund": False}  # fmt: skip
    place.write("event_log.csv", b"\xef\xbb\xbf" + b"refund,%bFalse,%b" % (HEADER, SALE.replace(b"Z", b"")))
    place.write("event_log.json", json.dumps([entry], indent=2))
    place.write("event_log.jsonl", lines(entry))
    (place.folder / "event_log").mkdir()
    place.write("event_log/2026-03.jsonl.gz", lines(entry))
    duckdb.execute(
        "copy (select 'v1' as vault_id, timestamp '2026-03-01 12:00:00' as sale_datetime, 12.5::decimal(10, 2) as "
        f"sale_amount, 'purchase' as funnel_stage, false as refund) to '{place.folder}/event_log.parquet'"
    )
    place.pull()
    rows = place.rows(
        "select file, sale_datetime::varchar, sale_amount::varchar, refund from files.event_log order by 1"
    )
    assert [name for name, *_ in rows] == [
        "event_log.csv", "event_log.json", "event_log.jsonl", "event_log.parquet", "event_log/2026-03.jsonl.gz",
    ]  # fmt: skip
    assert {tuple(values) for _, *values in rows} == {("2026-03-01 12:00:00", "12.500000", False)}
    hashes = place.rows("select distinct row_hash from files.event_log where sale_datetime_text like '%T%'")
    assert len(hashes) == 1  # the Parquet file writes its time in another way


def test_the_sample_entry_reaches_its_staging_row_as_it_is_written(place: Place) -> None:
    """Document 003's entry, in an array and alone; every text is in the row byte for byte, and a blank one is null."""
    place.write("event_log.json", b"[" + SAMPLE + b"]")
    place.write("event_log.jsonl", SAMPLE.replace(b"\n", b" "))
    place.pull()
    columns = {"ai_latency": "ai_latency_micros", "sale_datetime": "sale_datetime_text"}
    written = json.loads(SAMPLE, parse_float=Decimal)
    listed = ", ".join(columns.get(name, name) for name in written)
    rows = place.rows(f"select {listed} from files.event_log")
    expected = [{"": None, Decimal("1.23"): 1_230_000}.get(value, value) for value in written.values()]
    assert len(rows) == 2 and list(rows[0]) == list(rows[1]) == expected


def test_equal_rows_of_a_file_are_rows_of_their_own_and_a_file_replaces_what_it_brought(place: Place) -> None:
    place.write("event_log.csv", HEADER + SALE * 3)
    place.pull()
    assert sales(place) == [("event_log.csv", "v1", "12.500000", number) for number in (1, 2, 3)]
    before = place.tables(lineage=True)
    assert place.pull("again")["event_log"].changed == 0
    assert place.tables(lineage=True) == before
    place.write("event_log.csv", HEADER + SALE + SALE.replace(b"12.50", b"12.5") + SALE.replace(b"v1", b"v2"))
    place.pull()
    assert sales(place) == [("event_log.csv", "v1", "12.500000", 1), ("event_log.csv", "v1", "12.500000", 2),
                            ("event_log.csv", "v2", "12.500000", 1)]  # fmt: skip
    place.write("event_log.csv", HEADER)
    place.pull()
    assert sales(place) == []


def test_a_file_that_is_gone_keeps_its_rows_and_a_copy_of_a_log_is_reported(place: Place) -> None:
    place.write("event_log.csv", HEADER + SALE * 2)
    place.pull()
    (place.folder / "event_log").mkdir()
    (place.folder / "event_log.csv").rename(place.folder / "event_log" / "march.csv")
    warnings = " ".join(place.pull()["event_log"].warnings)
    assert "event_log.csv and event_log/march.csv brought the same 2 rows, which count twice" in warnings
    assert "event_log.csv is gone: the rows that were read from it stay" in warnings
    place.write("event_log.csv", "")
    place.pull()
    assert {file for file, *_ in sales(place)} == {"event_log/march.csv"}


def test_logs_that_each_hold_the_one_before_are_reported_and_so_is_a_name_that_is_not_read(place: Place) -> None:
    """Exports that begin at the first day each time; one writes times in another way."""
    rows = [SALE.replace(b"v1", b"v%d" % number) for number in range(5)]
    (place.folder / "event_log").mkdir()
    place.write("event_log/monday.csv", HEADER + b"".join(rows[:3]))
    place.write("event_log/sunday.csv", HEADER + b"".join(rows).replace(b"T12:00:00Z", b" 12:00:00+00:00"))
    place.write("event_log.CSV", HEADER + b"".join(rows))
    place.write("event_log.csv.tmp", HEADER)
    warnings = " ".join(place.pull()["event_log"].warnings)
    assert "event_log/monday.csv and event_log/sunday.csv brought the same 3 rows, which count twice" in warnings
    assert "event_log.CSV is not read: the name ends in none of .csv, .csv.gz" in warnings
    assert ".tmp" not in warnings and len(sales(place)) == 8


def test_what_follows_an_array_is_rejected_by_its_line(place: Place) -> None:
    """A program that appends an array each day writes no JSON."""
    place.write("event_log.json", b"[" + CART + b"]\n\n[" + CART + b"]\n")
    place.pull()
    assert [(where, reason) for _, where, reason in place.rejects()] == [
        ("event_log.json:3", "the array ends before here: what follows it is not read")
    ]
    assert len(sales(place)) == 1


def test_a_bad_row_of_a_csv_is_named_by_its_line_and_costs_only_itself(place: Place) -> None:
    rows = [
        SALE,
        b'"v2,2026-03-01T12:00:00Z,1.00,purchase\n',  # an open quote: the rows after it are read
        b"v3,2026-03-01T12:00:00Z,1.00\n",
        b"\xff,2026-03-01T12:00:00Z,1.00,purchase\n",
        b'"v\n4",2026-03-01T12:00:00Z,1.00,purchase\n',  # two lines
        b"\n",
        b"v5,2026-03-01T12:00:00Z,one,purchase\n",
        b"v6,2027-03-01T12:00:00Z,1.00,purchase\n",
        b"v7,2026-03-01T12:00:00Z,1.00,pur",  # half a last line
    ]
    place.write("event_log.csv", HEADER + b"".join(rows))
    assert place.pull()["event_log"].rejected == 6
    assert [vault for _, vault, *_ in sales(place)] == ["v\n4", "v1"]
    assert [(where, reason) for _, where, reason in place.rejects()] == [
        ("event_log.csv:10", "sale_datetime lies in the future: 2027-03-01T12:00:00Z, and the clock says "
                             "2026-03-20T10:01:00Z"),
        ("event_log.csv:11", "funnel_stage is neither visit nor cart nor purchase nor refund: pur"),
        ("event_log.csv:3", "not a row of a CSV (',' expected after '\"')"),
        ("event_log.csv:4", "3 fields instead of 4"),
        ("event_log.csv:5", "not UTF-8"),
        ("event_log.csv:9", "sale_amount is not an amount such as 1234.50, with a point and no other separator: one"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"vault_id": 1}', "not one array of JSON"),
        (b"[" + CART + b', {"vault_id": "v"', "not JSON"),
        (b"[" + CART, "the file breaks off"),
    ],
)
def test_an_array_that_breaks_off_is_read_up_to_there(content: bytes, reason: str, place: Place) -> None:
    place.write("event_log.json", content)
    place.pull()
    assert [text.startswith(reason) for _, _, text in place.rejects()] == [True]
    assert len(sales(place)) == content.count(b"cart")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("event_log.csv", HEADER.decode().encode("utf-16"), "the first line does not name the columns"),
        ("event_log.csv", b"a,a\n1,2\n", "the first line does not name the columns (it names a column twice)"),
        ("event_log.parquet", b"PAR1 and no more", "not a Parquet file that can be read"),
        ("event_log.csv.gz", gzip.compress(HEADER + SALE * 9, mtime=0)[:-9], "the compressed file breaks off here"),
    ],
)
def test_a_file_that_cannot_be_read_is_named_and_the_others_are_read(
    name: str, content: bytes, reason: str, place: Place
) -> None:
    (place.folder / "event_log").mkdir()
    place.write(f"event_log/{name}", content)
    place.write("event_log.csv", HEADER + SALE)
    place.pull()
    assert ("event_log.csv", "v1", "12.500000", 1) in sales(place)
    [(_, where, text)] = place.rejects()
    assert where.startswith(f"event_log/{name}:") and text.startswith(reason)


def test_the_newest_version_of_a_message_counts_and_its_repeats_are_reported(place: Place) -> None:
    place.write(
        "chat_messages.jsonl",
        lines(
            message("m1", model="old", updated_at="2026-03-02T00:00:00Z"),
            message("m1", model="new", updated_at="2026-03-03T00:00:00Z"),
            message("m1", model="older", updated_at="2026-03-01T00:00:00Z"),
            message("m2", model="first"),
            message("m2", model="last", mood="good"),
            message("m3", model="undefined"),
        ),
    )
    warnings = place.pull()["chat_messages"].warnings
    models = "select message_id, model from files.chat_messages order by 1"
    assert place.rows(models) == [("m1", "new"), ("m2", "last"), ("m3", "undefined")]
    assert "'mood' in chat_messages.jsonl: 1" in warnings[0]
    assert "rows with the message_id of another row of the file: 3. Of these, the newest updated_at" in warnings[1]
    place.write("chat_messages.jsonl", lines(message("m1", model="old", updated_at="2026-03-02T00:00:00Z")))
    place.pull()  # the file says less than before: so do its rows
    assert place.rows(models) == [("m1", "old")]


def test_texts_of_messages_are_nowhere_unless_the_settings_say_so(place: Place) -> None:
    place.write("chat_messages.jsonl", lines(message("m1", text="a secret"), message("m2", text="a secret", role="x")))
    place.pull()
    assert place.rows("select text, text_length from files.chat_messages") == [(None, 8)]
    assert len(place.rejects()) == 1
    assert b"m1" in place.landed() and b"secret" not in place.landed()
    place.keep_text = True
    place.pull()
    assert place.rows("select text, text_length from files.chat_messages") == [("a secret", 8)]


def test_a_row_of_the_future_is_read_when_its_time_has_come(place: Place) -> None:
    place.write("event_log.csv", HEADER + SALE.replace(b"2026-03-01T12:00", b"2026-03-20T11:30"))
    place.pull()
    assert sales(place) == [] and len(place.rejects()) == 1
    place.now = place.now.replace(hour=11)
    place.pull()
    assert len(sales(place)) == 1 and place.rejects() == []


def test_prices_of_models_are_a_sheet(place: Place) -> None:
    place.write(
        "model_prices.csv",
        "model,token_kind,usd_per_million,valid_from,valid_to\ngpt-4o,input,2.50,2026-01-01,\n"
        "gpt-4o,output,-1,2026-01-01,2026-02-01\ngpt-4o,audio,1,2026-01-01,\n",
    )
    place.pull()
    assert place.rows("select model, usd_per_million::varchar, valid_to from files.model_prices") == [
        ("gpt-4o", "2.500000", None)
    ]
    assert [reason for _, _, reason in place.rejects()] == [
        "usd_per_million is negative: -1",
        "token_kind is neither input nor cached nor output nor reasoning nor embedding: audio",
    ]

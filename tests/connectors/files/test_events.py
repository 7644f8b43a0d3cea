"""Files of events: which are read, read again or skipped, and which lines are rejected."""

from __future__ import annotations

import gzip
import json
import os
from datetime import date, datetime
from typing import Any

import pytest

from tests.connectors.files.pulling import Place, event, jsonl


def test_every_field_of_an_event_arrives_typed(place: Place) -> None:
    place.write("events/a.jsonl", jsonl(event(
        "e1", "2026-03-01T12:00:00.250+01:00", "order_submitted", received_at="2026-03-01T11:00:01Z", user_id=6000001,
        anonymous_id="b-1", session_id="s-1", order_id=5000001, utm_source="meta", utm_medium="paid_social",
        utm_campaign="c-1", feature="wishlist", endpoint="/v1/orders", status_code=201,
        properties={"text": 'a "quoted" Größe', "list": [1, 2.5]}, unheard_of=True,
    )))  # fmt: skip
    place.pull()
    assert place.rows("select * exclude (landing_part) from files.events") == [(
        "acme", "exports", "run", "e1", datetime(2026, 3, 1, 11, 0, 0, 250_000), datetime(2026, 3, 1, 11, 0, 1),
        "order_submitted", "6000001", "b-1", "s-1", "5000001", "meta", "paid_social", "c-1", "wishlist", "/v1/orders",
        201, '{"text":"a \\"quoted\\" Größe","list":[1,2.5]}',
    )]  # fmt: skip


def test_event_needs_an_id_a_time_and_a_name_and_keeps_unknown_names(place: Place) -> None:
    place.write("events/a.jsonl", jsonl(event("e1", name="remove_from_cart"), event("e2", name="Größe gewählt")))
    assert place.pull()["events"].rejected == 0
    assert place.rows("select event_name, user_id, received_at, status_code from files.events order by event_id") == [
        ("remove_from_cart", None, None, None), ("Größe gewählt", None, None, None)]  # fmt: skip


def test_compressed_and_plain_files_are_read_and_hidden_and_other_files_are_not(place: Place) -> None:
    place.write("events/a.jsonl", jsonl(event("e1")))
    place.write("events/b.jsonl.gz", jsonl(event("e2")))
    place.write("events/.c.jsonl", jsonl(event("e3")))
    place.write("events/d.json", jsonl(event("e4")))
    place.write("events/e.txt", "hello")
    place.pull()
    assert place.ids() == ["e1", "e2"]


def test_file_with_byte_order_mark_windows_line_ends_and_empty_lines_is_read(place: Place) -> None:
    lines = jsonl(event("e1"), "", "   ", event("e2")).replace(b"\n", b"\r\n").removesuffix(b"\r\n")
    place.write("events/a.jsonl", b"\xef\xbb\xbf" + lines)
    place.pull()
    assert (place.ids(), place.rejects()) == (["e1", "e2"], [])


def test_only_new_and_changed_files_are_read_again(place: Place) -> None:
    place.write("events/a.jsonl", jsonl(event("e1")))
    place.write("events/b.jsonl", jsonl(event("e2")))
    place.pull()
    place.write("events/b.jsonl", jsonl(event("e2"), event("e3")))
    place.write("events/c.jsonl", jsonl(event("e4")))
    pulled = place.pull("second")["events"]
    assert (pulled.landed, pulled.changed) == (5, 4), "three lines and two files; two events and two files are news"
    assert place.ids() == ["e1", "e2", "e3", "e4"]
    assert place.rows("select event_id from files.events where run_id = 'second' order by 1") == [("e3",), ("e4",)]


def test_file_rewritten_with_the_same_size_is_recognised_by_its_time(place: Place) -> None:
    place.write("events/a.jsonl", jsonl(event("e1", name="page_view")))
    place.pull()
    before = (place.folder / "events/a.jsonl").stat()
    place.write("events/a.jsonl", jsonl(event("e1", name="cart_view")))
    os.utime(place.folder / "events/a.jsonl", ns=(before.st_atime_ns, before.st_mtime_ns + 1_000))
    assert (place.folder / "events/a.jsonl").stat().st_size == before.st_size
    place.pull()
    assert place.rows("select event_name from files.events") == [("cart_view",)]


def test_event_delivered_twice_counts_once_with_its_newest_delivery(place: Place) -> None:
    old = event("e1", received_at="2026-03-01T12:00:05Z", user_id="old")
    new = event("e1", received_at="2026-03-01T17:00:05Z", user_id="new")
    place.write("events/a.jsonl", jsonl(new, old))
    place.pull()
    assert place.rows("select user_id from files.events") == [("new",)]
    place.write("events/b.jsonl", jsonl(old))
    assert place.pull()["events"].changed == 1, "the file, and no event"
    assert place.rows("select user_id from files.events") == [("new",)]


def test_late_event_counts_on_its_own_day_and_changes_no_other(place: Place) -> None:
    place.write("events/2026-03-01.jsonl", jsonl(event("e1"), event("e2", "2026-03-02T08:00:00Z")))
    place.pull()
    by_day = "select occurred_at::date, count(*) from files.events group by all order by all"
    assert place.rows(by_day) == [(date(2026, 3, 1), 1), (date(2026, 3, 2), 1)]
    before = place.rows("select * from files.events order by all")
    late = event("e0", "2026-03-01T12:05:00Z", "add_to_cart", received_at="2026-03-03T12:05:00Z")
    place.write("events/2026-03-03.jsonl", jsonl(late))
    place.pull("second")
    assert place.rows(by_day) == [(date(2026, 3, 1), 2), (date(2026, 3, 2), 1)]
    assert place.rows("select * from files.events where run_id = 'run' order by all") == before


def but(**changed: Any) -> str:
    """An event but for something."""
    return json.dumps(event("x") | changed)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"event_id": "x", ', "not JSON"),
        ("hello", "not JSON"),
        ("[1, 2]", "Expected `object`, got `array`"),
        ("null", "Expected `object`, got `null`"),
        ('{"occurred_at": "2026-03-01T12:00:00Z", "event_name": "page_view"}', "missing required field `event_id`"),
        (but(event_id=None), "$.event_id"),
        (but(event_id=""), "event_id or event_name is empty"),
        (but(event_name=""), "event_id or event_name is empty"),
        ('{"event_id": "x", "occurred_at": "2026-03-01T12:00:00Z"}', "missing required field `event_name`"),
        ('{"event_id": "x", "event_name": "a"}', "missing required field `occurred_at`"),
        (but(occurred_at=1772366400), "Expected `str`, got `int`"),
        (but(occurred_at="yesterday"), "occurred_at is not an instant"),
        (but(occurred_at="01.03.2026 12:00"), "occurred_at is not an instant"),
        (but(occurred_at="2026-02-30T12:00:00Z"), "occurred_at does not exist"),
        (but(occurred_at="1026-02-20T12:00:00Z"), "is not between the years 2000 and 2099"),
        (but(occurred_at="2026-03-01T12:00:00"), "occurred_at has no time zone"),
        (but(received_at="2026-03-01T12:00:00"), "received_at has no time zone"),
        (but(status_code="many"), "$.status_code"),
        (but(properties="none"), "$.properties"),
        (but(user_id={"id": 1}), "$.user_id"),
        ('{"event_id": "x", "event_name": "\\ud800", "occurred_at": "2026-03-01T12:00:00Z"}', "not JSON"),
        ('{"event_id": "x", "occurred_at": ' + "[" * 3000 + "]" * 3000 + "}", "not JSON"),
        ('{"event_id": "x", "pad": "' + "x" * 1_000_000 + '"}', "longer than"),
    ],
)  # fmt: skip
def test_broken_line_is_rejected_with_file_and_line_and_the_others_are_loaded(
    place: Place, line: str, why: str
) -> None:
    place.write("events/2026-03-01.jsonl", jsonl(event("e1"), "", line, event("e2")))
    pulled = place.pull()["events"]
    assert place.ids() == ["e1", "e2"]
    assert pulled.rejected == 1
    [(table, where, reason)] = place.rejects()
    assert (table, where) == ("events", "events/2026-03-01.jsonl:3")
    assert why in reason


def test_bytes_that_are_not_utf8_reject_only_their_line(place: Place) -> None:
    place.write("events/a.jsonl", jsonl(event("e1")) + b'{"event_id": "\xff\xfe"}\n' + jsonl(event("e2")))
    place.pull()
    assert place.ids() == ["e1", "e2"]
    assert "not JSON in UTF-8" in place.rejects()[0][2]


def test_number_that_does_not_fit_its_column_is_rejected_by_its_line(place: Place) -> None:
    place.write("events/a.jsonl", jsonl(event("e1", status_code=10**18 * 99), event("e2", status_code=200)))
    place.pull()
    assert place.ids() == ["e2"]
    assert place.rejects()[0][1] == "events/a.jsonl:1"


def test_several_broken_lines_are_all_rejected_and_kept_in_the_landing_zone(place: Place) -> None:
    place.write("events/a.jsonl", jsonl("one", event("e1"), "two", "three"))
    assert place.pull()["events"].rejected == 3
    assert [where for _, where, _ in place.rejects()] == ["events/a.jsonl:1", "events/a.jsonl:3", "events/a.jsonl:4"]
    landed = place.landing.newest(place.known_as, "events")
    assert landed is not None
    texts = place.rows("select text from read_json(?) where broken is not null order by line", [str(landed.paths[0])])
    assert texts == [("one",), ("two",), ("three",)]


def test_rejects_vanish_when_their_file_is_repaired_and_stay_while_other_files_come(place: Place) -> None:
    place.write("events/a.jsonl", jsonl("broken"))
    place.pull()
    place.write("events/b.jsonl", jsonl(event("e2"), "broken too"))
    place.pull()
    assert [where for _, where, _ in place.rejects()] == ["events/a.jsonl:1", "events/b.jsonl:2"]
    place.write("events/a.jsonl", jsonl(event("e1")))
    place.pull()
    assert [where for _, where, _ in place.rejects()] == ["events/b.jsonl:2"]
    place.write("events/b.jsonl", b"")
    place.pull()
    assert (place.ids(), place.rejects()) == (["e1", "e2"], [])


def test_truncated_compressed_file_gives_its_whole_lines_and_later_the_rest(place: Place) -> None:
    whole = gzip.compress(jsonl(*(event(f"e{number:05d}", properties={"n": number * 7919}) for number in range(5_000))))
    place.write("events/a.jsonl.gz", whole[: len(whole) // 2])
    place.write("events/b.jsonl.gz", jsonl(event("z")))
    place.pull()
    event_ids = place.ids()
    assert event_ids[-1] == "z"
    assert event_ids[:-1] == [f"e{number:05d}" for number in range(len(event_ids) - 1)]
    assert 1_000 < len(event_ids) < 4_000
    [(_, where, reason)] = place.rejects()
    assert where == f"events/a.jsonl.gz:{len(event_ids)}"
    assert "breaks off" in reason
    place.write("events/a.jsonl.gz", whole)
    place.pull()
    assert (len(place.ids()), place.rejects()) == (5_001, [])


def test_file_named_gz_that_is_not_compressed_is_named(place: Place) -> None:
    (place.folder / "events/a.jsonl.gz").write_bytes(b"{}\n")
    place.pull()
    assert place.rejects()[0][:2] == ("events", "events/a.jsonl.gz:1")


def test_line_that_is_still_being_written_is_loaded_when_it_is_complete(place: Place) -> None:
    line = jsonl(event("e2"))
    place.write("events/a.jsonl", jsonl(event("e1")) + line[:20])
    place.pull()
    assert (place.ids(), len(place.rejects())) == (["e1"], 1)
    place.write("events/a.jsonl", jsonl(event("e1")) + line)
    place.pull()
    assert (place.ids(), place.rejects()) == (["e1", "e2"], [])

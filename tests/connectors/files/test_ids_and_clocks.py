"""Events whose ids, keys or clocks are wrong: what is loaded is what was judged, and nothing is read in two ways."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.files.streams import STREAMS
from tests.connectors.files.pulling import EXPENSES, Place, event, jsonl
from tests.sampling import sample

IDS = ("user_id", "anonymous_id", "session_id", "order_id")


def texts(place: Place, names: str = ", ".join(IDS)) -> list[tuple[Any, ...]]:
    return place.rows(f"select {names} from files.events order by event_id")


@pytest.mark.parametrize("blank", ["", " ", "\t", "\u00a0"])
def test_blank_id_is_no_id(blank: str, place: Place) -> None:
    place.write("events/a.jsonl", jsonl(event("e1", **dict.fromkeys(IDS, blank))))
    assert place.pull()["events"].warnings == ()
    assert texts(place) == [(None, None, None, None)]


def test_blank_source_of_a_visit_is_no_source(place: Place) -> None:
    place.write("events/a.jsonl", jsonl(event("e1", utm_source="", utm_campaign=" ", feature="wish list")))
    place.pull()
    assert texts(place, "utm_source, utm_campaign, feature") == [(None, None, "wish list")]


def test_id_written_as_a_float_is_the_id_written_as_a_whole_number(place: Place) -> None:
    lines = [
        '{"event_id":"e1","occurred_at":"2026-03-01T12:00:00Z","event_name":"page_view","user_id":6000042}',
        '{"event_id":"e2","occurred_at":"2026-03-01T12:00:00Z","event_name":"page_view","user_id":6000042.0}',
        '{"event_id":"e3","occurred_at":"2026-03-01T12:00:00Z","event_name":"page_view","user_id":"6000042.0"}',
        '{"event_id":"e4","occurred_at":"2026-03-01T12:00:00Z","event_name":"page_view","user_id":6.000042e6}',
        '{"event_id":"e5","occurred_at":"2026-03-01T12:00:00Z","event_name":"page_view","user_id":" 6000042 "}',
        '{"event_id":77.0,"occurred_at":"2026-03-01T12:00:00Z","event_name":"page_view","user_id":6000042}',
        '{"event_id":77,"occurred_at":"2026-03-01T12:00:00Z","event_name":"page_view","user_id":6000042,"extra":1.50}',
    ]
    place.write("events/a.jsonl", "\n".join(lines))
    assert place.pull()["events"].rejected == 0
    assert place.ids() == ["77", "e1", "e2", "e3", "e4", "e5"]
    assert {row[0] for row in texts(place, "user_id")} == {"6000042"}


@pytest.mark.parametrize("number", ["6000042.5", "1e300", "-1e-300", "123456789012345678901.0"])
def test_id_that_is_not_a_whole_number_or_not_exact_rejects_its_line(number: str, place: Place) -> None:
    bad = f'{{"event_id":"x","occurred_at":"2026-03-01T12:00:00Z","event_name":"a","session_id":{number}}}'
    place.write("events/a.jsonl", jsonl(event("e1"), bad))
    place.pull()
    assert place.ids() == ["e1"]
    assert "session_id is a number that is not whole" in place.rejects()[0][2]


def test_long_whole_number_keeps_every_digit(place: Place) -> None:
    place.write("events/a.jsonl", jsonl(event("e1", user_id=123456789012345678901234567890)))
    place.pull()
    assert texts(place, "user_id") == [("123456789012345678901234567890",)]


def test_word_for_no_id_is_no_id_and_is_warned_about_with_counts(place: Place) -> None:
    words = ["null", "undefined", "NaN", "[object Object]", "None", "undefined"]
    place.write("events/a.jsonl", jsonl(
        *(event(f"e{number}", user_id=word, session_id="s-1") for number, word in enumerate(words)),
        event("e9", name="undefined", user_id="Nancy", feature="null"), event("undefined"),
    ))  # fmt: skip
    pulled = place.pull()["events"]
    assert texts(place, "user_id, session_id") == [(None, "s-1")] * 6 + [("Nancy", None)]
    assert texts(place, "feature")[-1] == ("null",), "not an id"
    [(_, where, reason)] = place.rejects()
    assert (where, reason) == ("events/a.jsonl:8", "event_id is not an id: undefined")
    [warning] = pulled.warnings
    assert "user_id 'undefined' 2 times" in warning
    assert "user_id '[object Object]' 1 times" in warning
    assert place.pull()["events"].warnings == (), "nothing was read"


@pytest.mark.parametrize("key", ["event_id", "user_id", "occurred_at", "properties"])
def test_line_with_a_declared_key_twice_is_rejected_and_its_repair_is_read(key: str, place: Place) -> None:
    good = json.dumps(event("e2", user_id="u", properties={"a": 1}))
    value = json.dumps(json.loads(good)[key])
    twice = good.removesuffix("}") + f', "{key}": {value}}}'
    place.write("events/a.jsonl", jsonl(event("e1"), twice, event("e3")))
    assert place.pull()["events"].rejected == 1
    assert place.ids() == ["e1", "e3"]
    [(_, where, reason)] = place.rejects()
    assert where == "events/a.jsonl:2"
    assert f"{key} is there twice" in reason
    place.write("events/a.jsonl", jsonl(event("e1"), good, event("e3")))
    place.pull()
    assert (place.ids(), place.rejects()) == (["e1", "e2", "e3"], [])


def test_key_twice_that_is_written_with_an_escape_is_seen(place: Place) -> None:
    twice = json.dumps(event("e2")).removesuffix("}") + ', "event\\u005fid": "e3"}'
    place.write("events/a.jsonl", jsonl(event("e1"), twice))
    place.pull()
    assert place.ids() == ["e1"]


def test_undeclared_key_twice_is_of_no_interest(place: Place) -> None:
    line = json.dumps(event("e1", properties=1)).replace(
        '"properties": 1', '"x": 1, "x": 2, "properties": {"y": 1, "y": 2}'
    )
    place.write("events/a.jsonl", jsonl(line))
    place.pull()
    assert (place.ids(), place.rejects()) == (["e1"], [])


@pytest.mark.parametrize(("written", "loaded"), [("200", 200), ('"200"', 200), ("200.0", 200), ("2e2", 200)])
def test_status_that_was_judged_a_whole_number_is_loaded_as_it(written: str, loaded: int, place: Place) -> None:
    line = json.dumps(event("e1", status_code=1)).replace('"status_code": 1', f'"status_code": {written}')
    place.write("events/a.jsonl", jsonl(line))
    place.pull()
    assert texts(place, "status_code") == [(loaded,)]


@pytest.mark.parametrize("written", ['"2_0"', '"２００"', "200.5", "true", '"nan"', '""'])
def test_status_that_is_not_a_whole_number_rejects_its_line(written: str, place: Place) -> None:
    line = json.dumps(event("e1", status_code=1)).replace('"status_code": 1', f'"status_code": {written}')
    place.write("events/a.jsonl", jsonl(line))
    assert place.pull()["events"].rejected == 1


def test_changed_line_is_kept_as_it_was_written_in_the_landing_zone(place: Place) -> None:
    line = '{"event_id": 7.0, "occurred_at": "2026-03-01T12:00:00Z", "event_name": "page_view", "mine": 1.5}'
    place.write("events/a.jsonl", line)
    place.pull()
    landed = place.landing.newest(place.known_as, "events")
    assert landed is not None
    sql = "select text, event->>'event_id', event->>'mine' from read_json(?, columns={text: 'VARCHAR', event: 'JSON'})"
    assert place.rows(f"{sql} limit 1", [str(landed.paths[0])]) == [(line, "7", "1.5")]


@pytest.mark.parametrize(
    ("times", "why"),
    [
        ({"occurred_at": "2026-03-20T11:30:00Z"}, "occurred_at lies in the future"),
        ({"occurred_at": "2048-03-01T12:00:00Z"}, "occurred_at lies in the future"),
        ({"received_at": "2048-03-01T12:00:00Z"}, "received_at lies in the future"),
        ({"received_at": "2026-03-01T10:30:00Z"}, "occurred_at lies after received_at"),
        ({"occurred_at": "1999-12-31T23:59:59Z"}, "occurred_at is not between the years 2000 and 2099"),
        ({"occurred_at": "2000-01-01T00:00:00Z"}, "occurred_at lies more than 20 years back"),
        ({"occurred_at": "２０２６-03-01T12:00:00Z"}, "occurred_at is not an instant"),
    ],
)
def test_event_of_a_wrong_clock_is_rejected_with_the_reason(times: dict[str, str], why: str, place: Place) -> None:
    place.write("events/a.jsonl", jsonl(event("e1"), event("e2") | times))
    place.pull()
    assert place.ids() == ["e1"]
    [(_, where, reason)] = place.rejects()
    assert where == "events/a.jsonl:2"
    assert why in reason


def test_clocks_that_differ_by_less_than_an_hour_are_tolerated(place: Place) -> None:
    place.write("events/a.jsonl", jsonl(
        event("e1", "2026-03-20T10:55:00Z"), event("e2", received_at="2026-03-01T11:05:00Z"),
        event("e3", "2010-03-01T12:00:00Z"),
    ))  # fmt: skip
    place.pull()
    assert (place.ids(), place.rejects()) == (["e1", "e2", "e3"], [])


def test_event_rejected_while_the_clock_was_behind_is_loaded_once_it_is_right(place: Place) -> None:
    place.write("events/a.jsonl", jsonl(event("e1"), event("e2", "2026-03-19T12:00:00Z")))
    right, place.now = place.now, place.now - timedelta(days=10)
    place.pull()
    assert (place.ids(), len(place.rejects())) == (["e1"], 1)
    assert place.pull()["events"].landed == 0, "nothing is read again before"
    place.now = right
    place.pull()
    assert (place.ids(), place.rejects()) == (["e1", "e2"], [])
    assert place.pull()["events"].landed == 0


def cursor(place: Place) -> list[tuple[Any, ...]]:
    return place.rows("select distinct loaded_until from takings.cursors")


AHEAD = (timedelta(days=365), timedelta(minutes=3), timedelta(seconds=1))


@pytest.mark.parametrize("ahead", sample(AHEAD, *AHEAD[:2]))
def test_pull_under_a_clock_that_was_ahead_loses_nothing_afterwards(ahead: timedelta, place: Place) -> None:
    place.write("events/a.jsonl", jsonl(event("e1")))
    place.write("operating_expenses.csv", EXPENSES + "2026-03-01,Rent,fixed,100,EUR\n")
    right, place.now = place.now, place.now + ahead
    place.pull()
    place.now = right
    place.write("events/b.jsonl", jsonl(event("e2")))
    place.write("operating_expenses.csv", EXPENSES + "2026-03-01,Rent,fixed,250,EUR\n")
    results = place.pull()
    assert place.ids() == ["e1", "e2"]
    assert [int(row[0]) for row in place.rows("select amount from files.operating_expenses")] == [250]
    assert cursor(place) == [(place.now.replace(tzinfo=None),)], "the cursor is right again"
    warned = [name for name, result in results.items() if any("cursor" in text for text in result.warnings)]
    assert warned == ([stream.name for stream in STREAMS] if ahead > timedelta(hours=1) else [])
    place.write("operating_expenses.csv", EXPENSES + "2026-03-01,Rent,fixed,300,EUR\n")
    assert all(result.warnings == () for result in place.pull().values()), "said once"
    assert [int(row[0]) for row in place.rows("select amount from files.operating_expenses")] == [300]
    before = place.tables(), cursor(place)
    place.staging.unlink()  # the landing zone keeps the order in which the files were read
    place.now -= timedelta(seconds=60)
    place.pull()
    assert (place.tables(), cursor(place)) == before


def test_pull_interrupted_under_a_clock_that_was_ahead_continues_with_the_right_one(place: Place) -> None:
    place.write("events/a.jsonl", jsonl(event("e1")))
    right, place.now = place.now, datetime(2027, 3, 20, tzinfo=UTC)
    place.pull()
    landed = place.landing.newest(place.known_as, "events")
    assert landed is not None
    landed.manifest.sealed = False
    landed.save()
    place.staging.unlink()
    place.now = right
    place.write("events/b.jsonl", jsonl(event("e2")))
    place.pull()
    assert (place.ids(), cursor(place)) == (["e1", "e2"], [(place.now.replace(tzinfo=None),)])

"""POST /collect: keys, limits, sites, mistakes, and answers that browsers of other sites can read."""

from __future__ import annotations

import asyncio
import json
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from common import collected
from serving.collector.requests import MOST_RECORDS
from serving.collector.routes import MOST_ANONYMOUS, MOST_BODY
from serving.site import Site
from tests.serving.asgi import Answer, loop
from tests.serving.collector.posting import KEY, OTHER_KEY, Collecting, collecting

EVENT = {"event_id": "e1", "occurred_at": "2026-11-20T11:00:00Z", "event_name": "page_view"}
MESSAGE = {"message_id": "m1", "session_id": "c1", "created_at": "2026-11-20T11:00:00Z", "role": "user",
           "text": "Where is my order?"}  # fmt: skip


def errors(answer: Answer) -> list[tuple[str, str]]:
    content = json.loads(answer.body)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["access-control-allow-origin"] == "*"
    return [(error["parameter"], error["what"]) for error in content.get("errors", [])]


def test_records_are_on_the_disk_when_202_is_answered(place: Collecting) -> None:
    answer = place.send({"events": [EVENT], "chat_messages": [MESSAGE]})
    assert (answer.status, json.loads(answer.body)) == (202, {"accepted": {"events": 1, "chat_messages": 1}})
    event, message = place.stored()
    assert event["contract"] == "events" and event["row"]["event_id"] == "e1"
    assert message["row"]["text_length"] == "18"
    (path,) = collected.files(place.site.collectors[0].folder)
    assert b"order" not in path.read_bytes(), "the text of a message reaches no disk"
    assert place.stored(1) == []


def test_key_decides_whose_records_they_are(place: Collecting) -> None:
    assert place.send({"events": [EVENT]}, OTHER_KEY).status == 202
    assert place.stored(0) == [] and len(place.stored(1)) == 1


def test_beacon_has_its_key_in_the_body(place: Collecting) -> None:
    beacon = {"content-type": "text/plain;charset=UTF-8", "origin": "https://shop.example"}
    answer = place.send({"write_key": KEY, "events": [EVENT]}, None, beacon)
    assert answer.status == 202 and len(place.stored()) == 1
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert KEY not in json.dumps(place.stored())


def test_wrong_keys_have_one_answer(place: Collecting) -> None:
    records = {"events": [EVENT]}
    answers = [
        *(place.send(records, key) for key in ("wrong", KEY[:-1], f"{KEY} x", "x" * 300)),
        place.send(records | {"write_key": "wrong"}, None),
        place.send(records | {"write_key": OTHER_KEY}, KEY),
        place.send(records, None, {"authorization": f"Basic {KEY}"}),
    ]
    assert {(answer.status, answer.body) for answer in answers} == {(401, answers[0].body)}
    assert json.loads(answers[0].body)["title"] == "The write key is not valid"
    assert all('error="invalid_token"' in answer.headers["www-authenticate"] for answer in answers)
    assert place.stored() == place.stored(1) == []


def test_request_without_a_key_is_anonymous(place: Collecting) -> None:
    answer = place.send({"events": [EVENT]}, None)
    assert answer.status == 401 and "no write key" in json.loads(answer.body)["title"]


def test_address_that_tries_many_keys_has_to_wait_and_a_valid_key_does_not(place: Collecting) -> None:
    statuses = {place.send({"events": [EVENT]}, f"wrong-{number}").status for number in range(61)}
    assert statuses == {401, 429}
    assert place.send({"events": [EVENT]}).status == 202


def test_every_mistake_is_named_and_nothing_of_the_request_is_stored(place: Collecting) -> None:
    answer = place.send({
        "events": [EVENT, {"event_id": "e2", "event_name": "page_view"}, 7],
        "chat_messages": [MESSAGE | {"role": "boss", "input_tokens": "many"}],
        "orders": [],
        "chat_sessions": {},
    })  # fmt: skip
    assert answer.status == 422 and place.stored() == []
    assert errors(answer) == [
        ("orders", "There is no such list"),
        ("chat_sessions", "It is not a list"),
        ("events[1]", "Object missing required field `occurred_at`"),
        ("events[2]", "not an object of JSON"),
        ("chat_messages[0]", "role is neither user nor assistant nor system nor tool: boss"),
        ("chat_messages[0]", "input_tokens is not a whole number: many"),
    ]


def test_one_id_twice_in_a_request_is_one_record_or_a_mistake(place: Collecting) -> None:
    assert place.send({"events": [EVENT, EVENT]}).status == 202
    assert len(place.stored()) == 1
    answer = place.send({"events": [EVENT, EVENT | {"event_name": "purchase"}]})
    assert answer.status == 422 and errors(answer)[0][0] == "events[1]"


def test_fields_that_nothing_reads_are_named_and_not_stored(place: Collecting) -> None:
    answer = place.send({"events": [EVENT | {"colour": "crimson"}], "chat_messages": [MESSAGE | {"content": "secret"}]})
    assert json.loads(answer.body)["ignored"] == ["chat_messages.content", "events.colour"]
    assert "secret" not in json.dumps(place.stored()) and "crimson" not in json.dumps(place.stored())


BODIES = (
    (b"", 400), (b"[]", 400), (b"{", 400), (b"\xff\xfe", 400), (b"null", 400), (b'{"events":[],"events":[]}', 400),
    (b'{"write_key":7}', 400), (b"[" * 5000, 400), (b'{"events":[NaN]}', 400), (b"{}", 422),
    (b'{"events":[{"event_id":"\\ud83d","occurred_at":"2026-11-20T11:00:00Z","event_name":"x"}]}', 202),
    (b'{"events":[\n{"event_id":"1",\r\n"occurred_at":"2026-11-20T11:00:00Z","event_name":"x"}\n]}', 202),
    (b'{"events":[]}', 202),
)  # fmt: skip


def test_bodies(place: Collecting) -> None:
    """Half an emoji and line ends between fields are no reason to refuse a record."""
    assert [(body, place.send(body).status) for body, _ in BODIES] == list(BODIES)
    assert [record["row"]["event_id"] for record in place.stored()] == ["\N{REPLACEMENT CHARACTER}", "1"]


def test_requests_that_are_too_long_are_refused_with_a_problem(place: Collecting) -> None:
    announced = place.send({"events": [EVENT | {"properties": {"x": "y" * MOST_BODY}}]})
    assert announced.status == 413 and errors(announced) == []
    beacon = place.send({"write_key": KEY, "events": [EVENT | {"properties": {"x": "y" * MOST_ANONYMOUS}}]}, None)
    assert beacon.status == 413 and "with the write key in the body" in beacon.text
    many = place.send({"events": [EVENT] * (MOST_RECORDS + 1)})
    assert many.status == 413 and "1,001 records" in many.text
    just = place.send({"events": [EVENT | {"event_id": str(number)} for number in range(MOST_RECORDS)]})
    assert just.status == 202 and len(place.stored()) == MOST_RECORDS


def test_other_types_are_refused(place: Collecting) -> None:
    for name, value in (("content-type", "application/x-www-form-urlencoded"), ("content-type", "text/html"),
                        ("content-encoding", "gzip")):  # fmt: skip
        assert place.send({"events": [EVENT]}, headers={name: value}).status == 415


def test_browser_is_allowed_to_send_from_every_site(place: Collecting) -> None:
    preflight = {"origin": "https://shop.example", "access-control-request-method": "POST",
                 "access-control-request-headers": "authorization,content-type"}  # fmt: skip
    answer = place.client.send("OPTIONS", "/collect", headers=preflight)
    assert answer.status == 204 and answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-headers"] == "authorization, content-type"
    for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE"):
        other = place.client.send(method, "/collect")
        assert other.status == 405 and other.headers["allow"] == "POST, OPTIONS"


def test_site_that_is_not_listed_may_not_send(site: Site, tmp_path: Path) -> None:
    place = collecting(site, tmp_path / "collected", origins=frozenset(["https://shop.example"]))
    statuses = {origin: place.send({"events": [EVENT]}, headers={"origin": origin} if origin else {}).status
                for origin in ("https://shop.example", "https://other.example", "null", "")}  # fmt: skip
    assert statuses == {"https://shop.example": 202, "https://other.example": 403, "null": 403, "": 202}


def test_key_that_sends_too_often_has_to_wait(site: Site, tmp_path: Path) -> None:
    place = collecting(site, tmp_path / "collected", requests_per_minute=3)
    assert [place.send({"events": [EVENT]}).status for _ in range(4)] == [202, 202, 202, 429]
    refused = place.send({"events": [EVENT]})
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["access-control-expose-headers"] == "retry-after"
    assert place.send({"events": [EVENT]}, OTHER_KEY).status == 202
    assert len(place.stored()) == 3


@pytest.fixture
def full_disk() -> Iterator[None]:
    """No file of this process can grow beyond 400 bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_full_disk_is_503_and_everything_that_got_202_is_there(place: Collecting, full_disk: None) -> None:
    events = [EVENT | {"event_id": f"e{number}"} for number in range(20)]

    async def at_once() -> list[Answer]:
        headers = {"content-type": "application/json", "authorization": f"Bearer {KEY}"}
        return await asyncio.gather(*(
            place.client.ask("POST", "/collect", headers=headers, body=json.dumps({"events": [event]}).encode())
            for event in events
        ))  # fmt: skip

    answers = [place.send({"events": [events[0]]}), *loop().run_until_complete(at_once())]
    assert {answer.status for answer in answers} == {202, 503}
    refused = next(answer for answer in answers if answer.status == 503)
    assert refused.headers["retry-after"] == "10" and "Nothing was stored" in refused.text
    confirmed = {"e0"} | {
        event["event_id"] for event, answer in zip(events, answers[1:], strict=True) if answer.status == 202
    }
    assert confirmed <= {record["row"]["event_id"] for record in place.stored()}


def test_log_has_a_line_for_what_was_refused_and_none_for_what_was_stored(
    place: Collecting, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "takings.serving")
    place.send({"events": [EVENT]})
    assert caplog.messages == []
    place.send({"events": [EVENT]}, "wrong-key")
    (line,) = caplog.messages
    assert line.startswith("POST /collect 401") and "wrong-key" not in line

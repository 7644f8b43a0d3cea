"""Every record is sent once the collector takes it; what it refuses is counted, and nothing raises."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from serving.collector.clients.sender import Sender
from tests.connectors.scripted import Reply, Script, scripted

TAKEN = Reply({"accepted": {}}, 202)


@contextmanager
def sending(*replies: Reply, **options: Any) -> Iterator[tuple[Sender, Script]]:
    with scripted(*replies) as script:
        sender = Sender(f"{script.url}/collect", "the-write-key", interval=0.01, first_pause=0.01, **options)
        yield sender, script
        sender.close(1)


def ids(script: Script) -> list[list[int]]:
    """The ids of each request."""
    return [[record["id"] for record in request.body["events"]] for request in script.requests]


@pytest.mark.parametrize("reply", [Reply({}, 503, {"Retry-After": "0"}), Reply({}, 429), Reply({}, 500)])
def test_request_that_was_not_taken_is_sent_again(reply: Reply) -> None:
    with sending(reply, reply, TAKEN) as (sender, script):
        sender.put("events", {"id": 1})
        assert sender.flush(30)
        assert ids(script) == [[1], [1], [1]] and sender.lost == 0


def test_collector_that_is_not_there_yet_gets_the_records_later(caplog: pytest.LogCaptureFixture) -> None:
    sender = Sender("http://127.0.0.1:9/collect", "key", interval=0.01, first_pause=0.01)
    sender.put("events", {"id": 1})
    assert not sender.flush(0.2) and sender.lost == 0
    with scripted(TAKEN) as script:
        sender._url = sender._url._replace(netloc=script.url.removeprefix("http://"))
        assert sender.flush(30)
        assert ids(script) == [[1]]
    assert len([record for record in caplog.records if "does not take records now" in record.message]) == 1


def test_refused_record_is_found_and_the_others_are_taken(caplog: pytest.LogCaptureFixture) -> None:
    class Picky(Script):
        def next(self) -> Reply:
            return Reply({"title": "The request has a mistake"}, 422) if 5 in ids(self)[-1] else TAKEN

    with sending(TAKEN, most_waiting=100) as (sender, script):
        script.next = lambda: Picky.next(script)  # type: ignore[method-assign]
        sender._interval = 0.2
        for number in range(8):
            sender.put("events", {"id": number})
        sender.flush(30)
        assert sender.lost == 1
        assert "The request has a mistake" in caplog.text and "the-write-key" not in caplog.text
        taken = [number for numbers in ids(script) if 5 not in numbers for number in numbers]
        assert sorted(taken) == [0, 1, 2, 3, 4, 6, 7]


def test_wrong_key_loses_the_records_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with sending(Reply({"title": "The write key is not valid"}, 401)) as (sender, _):
        sender.put("events", {"id": 1})
        assert sender.flush(30) and sender.lost == 1
    assert "The write key is not valid" in caplog.text and "the-write-key" not in caplog.text


def test_values_that_json_does_not_have_lose_their_record_alone() -> None:
    with sending(TAKEN) as (sender, script):
        for value in (1, object(), float("nan"), 2):
            sender.put("events", {"id": value})
        assert sender.flush(30)
        assert [number for numbers in ids(script) for number in numbers] == [1, 2] and sender.lost == 2


def test_many_records_are_sent_in_requests_that_are_not_too_long() -> None:
    with sending(TAKEN) as (sender, script):
        for number in range(450):
            sender.put("events", {"id": number, "properties": {"x": "y" * 2000}})
        assert sender.flush(30)
        assert [number for numbers in ids(script) for number in numbers] == list(range(450))
        assert max(map(len, ids(script))) < 150


def test_end_of_the_process_does_not_wait_long_for_a_collector_that_is_gone() -> None:
    sender = Sender("http://127.0.0.1:9/collect", "key", interval=0.01, first_pause=0.01)
    sender.put("events", {"id": 1})
    sender.close(0.1)
    sender.put("events", {"id": 2})
    assert sender.lost >= 1


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # a fork beside idle threads
def test_child_process_has_records_of_its_own() -> None:
    with sending(TAKEN) as (sender, script):
        sender.put("events", {"id": 1})
        assert sender.flush(30)
        child = os.fork()
        if child == 0:
            sender.put("events", {"id": 2})
            os._exit(0 if sender.flush(30) else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert ids(script) == [[1], [2]]


@pytest.mark.parametrize("url", ["", "ftp://x/collect", "/collect", "https://"])
def test_address_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="is not an address"):
        Sender(url, "key")

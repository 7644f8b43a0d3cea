"""Clients that send or read as slowly as they like hold no connection: a real server, and sockets that it ends."""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import threading
import time
from collections.abc import Iterable

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from serving import bodies
from serving.connections import MOST_HEADERS, Connection
from tests.serving.conftest import Served
from tests.serving.server import running
from tests.serving.test_mcp import token

LONGEST = 10.0  # seconds after which a connection that is open is held for ever
PAUSE = 0.02  # seconds between two pieces of a slow client


class Quick(Connection):
    request_seconds = 0.3
    answer_seconds = 0.3


def slowly(port: int, pieces: Iterable[bytes], first: bytes = b"") -> bytes:
    """Send `first` at once, then a piece after each pause until the server ends the connection; what it answered."""
    began, answer = time.monotonic(), b""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(first)
        client.settimeout(PAUSE)
        for piece in itertools.chain(pieces, itertools.repeat(b"")):
            assert time.monotonic() - began < LONGEST, f"the connection is held: {answer!r}"
            try:
                client.sendall(piece)
                received = client.recv(65_536)
            except TimeoutError:
                continue
            except ConnectionError:
                break
            if not received:
                break
            answer += received
    return answer


def head(port: int, method: str = "GET", path: str = "/health", *fields: str) -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *fields, "", ""]).encode()


@pytest.mark.parametrize(
    ("first", "pieces"),
    [
        ("", []),
        ("", [b"\r\n"] * 1000),
        ("GET /health HTTP/1.1\r\n", [b"a: b\r\n"] * 1000),
        ("GET /health HTTP/1.1\r\nHost: ", [b"x"] * 1000),
    ],
    ids=["nothing", "empty lines", "headers without an end", "one header without an end"],
)
def test_request_that_does_not_arrive_ends_its_connection(first: str, pieces: list[bytes], served: Served) -> None:
    with running(served.client.app, http=Quick) as port:
        assert slowly(port, pieces, first.encode()).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("pieces", [[b"\r\n"] * 1000, [b"G", b"E", b"T"]], ids=["empty lines", "a line"])
def test_second_request_that_does_not_arrive_ends_the_connection(pieces: list[bytes], served: Served) -> None:
    with running(served.client.app, http=Quick) as port:
        answer = slowly(port, pieces, head(port))
    assert answer.startswith(b"HTTP/1.1 200 ") and answer.count(b"HTTP/1.1") == 1


def test_body_that_goes_on_after_its_answer_ends_the_connection() -> None:
    with running(PlainTextResponse("no"), http=Quick) as port:
        answer = slowly(port, [b"x"] * 1000, head(port, "POST", "/", "Content-Length: 10000"))
    assert answer.startswith(b"HTTP/1.1 200 ") and answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("announced", [True, False])
def test_messages_of_an_assistant_that_do_not_arrive_are_refused(
    announced: bool, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "READ_SECONDS", 0.1)
    length = "Content-Length: 10000" if announced else "Transfer-Encoding: chunked"
    fields = (length, "Content-Type: application/json", f"Authorization: Bearer {token(served)}")
    with running(served.client.app) as port:
        answer = slowly(port, [b"1\r\nx\r\n"] * 1000, head(port, "POST", "/mcp", *fields))
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["title"] == "The body did not arrive in time"


@pytest.mark.parametrize("field", [b"a: b\r\n", b"x"], ids=["many", "a long one"])
def test_headers_that_are_too_long_are_refused_before_they_fill_the_memory(field: bytes, served: Served) -> None:
    sent = 0

    def pieces() -> Iterable[bytes]:
        nonlocal sent
        while True:
            sent += 32_768
            yield field * (32_768 // len(field))

    with running(served.client.app) as port:
        slowly(port, pieces(), b"GET /health HTTP/1.1\r\nA: ")
    assert sent < 100 * MOST_HEADERS


def test_request_with_usual_headers_and_pauses_is_answered(served: Served) -> None:
    with running(served.client.app, http=Quick) as port:
        whole = head(port, "GET", "/health", f"Cookie: {'c' * 8000}", "Connection: close")
        answer = slowly(port, [whole[:20], whole[20:4000], whole[4000:]])
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_client_that_reads_nothing_ends_its_connection() -> None:
    ended = threading.Event()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        disconnect = asyncio.create_task(_disconnected(receive))
        while not disconnect.done():
            await send({"type": "http.response.body", "body": b"x" * 1_000_000, "more_body": True})
            await asyncio.sleep(0)
        ended.set()

    with running(endless, http=Quick) as port, socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(head(port))
        assert ended.wait(LONGEST)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

"""The HTTP session against a scripted server: retries, when it gives up, and what no message contains."""

from __future__ import annotations

import errno
import gzip
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from connectors import http
from connectors.errors import ConfigurationError, ContractError, GoneError, IncompleteError, RetryError
from connectors.http import ATTEMPTS, LONGEST_PAUSE, Transport
from tests.connectors.scripted import Reply, scripted

SECRET = "shpat_do_not_print_me"


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def transport(waits: list[float]) -> Transport:
    return Transport((SECRET,), sleep=waits.append)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_server_error_is_retried_with_growing_pauses(status: int, transport: Transport, waits: list[float]) -> None:
    with scripted(Reply("no", status), Reply("no", status), Reply({"ok": True})) as server:
        response = transport.post(server.url, {"ask": 1}, {})
    assert json.loads(response.content) == {"ok": True}
    assert len(server.requests) == transport.calls == 3
    assert len(waits) == 2
    assert waits[0] < waits[1], "pauses grow"


def test_429_waits_as_long_as_retry_after_says(transport: Transport, waits: list[float]) -> None:
    with scripted(Reply("slow down", 429, {"Retry-After": "2.0"}), Reply({"ok": True})) as server:
        assert transport.post(server.url, {}, {}).status_code == 200
    assert waits == [2.0]
    assert transport.waited == 2.0


@pytest.mark.parametrize("header", ["-1", "nan", "soon", "0", "inf", "86400", "Fri, 20 Nov 2026 17:00:00 GMT"])
def test_invalid_or_long_retry_after_neither_fails_nor_waits_too_long(header: str, waits: list[float]) -> None:
    def sleep(seconds: float) -> None:
        assert 0 < seconds <= LONGEST_PAUSE
        waits.append(seconds)

    with scripted(Reply("slow down", 429, {"Retry-After": header}), Reply({})) as server:
        Transport(sleep=sleep).post(server.url, {}, {})
    assert len(waits) == 1


def test_lasting_server_error_is_one_message_with_cause_and_next_step_and_no_secret(
    transport: Transport, waits: list[float]
) -> None:
    with (
        scripted(Reply(f"token {SECRET} broke us", 500)) as server,
        pytest.raises(RetryError) as caught,
    ):
        transport.post(f"{server.url}/shop?token={SECRET}", {"token": SECRET}, {"X-Token": SECRET})
    message = str(caught.value)
    assert server.url in message
    assert f"failed {ATTEMPTS} times in a row: HTTP 500." in message
    assert "run again" in message
    assert SECRET not in message
    assert caught.value.__cause__ is None, "a cause could print the request"
    assert len(server.requests) == ATTEMPTS
    assert len(waits) == ATTEMPTS - 1, "no pause after the last attempt"


def test_truncated_response_is_retried(transport: Transport) -> None:
    with scripted(Reply({"long": "x" * 5000}, cut=True), Reply({"whole": True})) as server:
        assert json.loads(transport.post(server.url, {}, {}).content) == {"whole": True}
    assert len(server.requests) == 2


def test_refused_connection_is_a_retry_error_that_names_the_address(transport: Transport) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/shop"
    with pytest.raises(RetryError, match="no connection") as caught:
        transport.post(url, {}, {})
    assert url in str(caught.value)
    assert transport.calls == ATTEMPTS


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 423])
def test_client_error_is_returned_without_a_retry(status: int, transport: Transport, waits: list[float]) -> None:
    with scripted(Reply("no", status)) as server:
        assert transport.post(server.url, {}, {}).status_code == status
    assert waits == []


def test_redirect_is_not_followed_so_that_no_token_reaches_another_host(transport: Transport) -> None:
    with scripted(Reply({})) as elsewhere, scripted(Reply("", 301, {"Location": elsewhere.url})) as server:
        response = transport.post(server.url, {}, {"X-Shopify-Access-Token": SECRET})
    assert response.status_code == 301
    assert elsewhere.requests == []


def test_file_is_stored_as_received(transport: Transport, tmp_path: Path) -> None:
    sizes: list[int] = []
    with scripted(Reply(b"line\n" * 1000)) as server:
        path = transport.download(server.url, tmp_path / "part.ndjson", sizes.append)
    assert path.read_bytes() == b"line\n" * 1000
    assert sizes[-1] == 5000


def test_compressed_file_stays_compressed_and_gets_the_suffix_gz(transport: Transport, tmp_path: Path) -> None:
    with scripted(Reply(b"\x1f\x8bnot unpacked", headers={"Content-Encoding": "gzip"})) as server:
        path = transport.download(server.url, tmp_path / "part.ndjson", lambda _: None)
    assert path.name == "part.ndjson.gz"
    assert path.read_bytes() == b"\x1f\x8bnot unpacked"


def test_truncated_file_is_incomplete(transport: Transport, tmp_path: Path) -> None:
    with scripted(Reply(b"x" * 10_000, cut=True)) as server, pytest.raises(IncompleteError, match="broke off"):
        transport.download(server.url, tmp_path / "part.ndjson", lambda _: None)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_file_at_an_expired_address_is_gone(status: int, transport: Transport, tmp_path: Path) -> None:
    with scripted(Reply("<Error/>", status)) as server, pytest.raises(GoneError, match=str(status)):
        transport.download(server.url, tmp_path / "part.ndjson", lambda _: None)


def test_full_disk_is_not_reported_as_a_broken_connection(transport: Transport) -> None:
    with scripted(Reply(b"x" * 3_000_000)) as server, pytest.raises(OSError) as caught:
        transport.download(server.url, Path("/dev/full"), lambda _: None)
    assert caught.value.errno == errno.ENOSPC


NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@contextmanager
def raw_server(head: bytes, piece: bytes, pause: float, pieces: int) -> Iterator[str]:
    """A server that answers each request with `head` and then `piece` again and again, with pauses."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.recv(65_536)
                try:
                    connection.sendall(head)
                    for _ in range(pieces):
                        connection.sendall(piece)
                        time.sleep(pause)
                except OSError:
                    continue

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()


def dated(date: str | None) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + (f"Date: {date}\r\n" if date else "").encode() + b"\r\n"


def clock_read(date: str | None) -> datetime:
    """The source's time by its Date header, while this machine's clock says NOW."""
    transport = Transport(clock=lambda: NOW)
    with raw_server(dated(date), b"{}", 0, 1) as url:
        transport.get(url, [], {})
    return transport.now("Shop 1")


@pytest.mark.parametrize("date", [None, "yesterday", "Fri, 99 Nov 2026 17:00:00 GMT", "20", "2026-03-10T12:00:00Z"])
def test_missing_or_unreadable_date_header_is_one_clear_error(date: str | None) -> None:
    with pytest.raises(ContractError, match=r"Shop 1 was not pulled.*Date header"):
        clock_read(date)


@pytest.mark.parametrize("minutes", [-60 * 24 * 365 * 50, -16, 16, 60 * 48, 60 * 24 * 365 * 500])
def test_clock_of_a_source_that_is_far_from_this_machines_is_refused_with_both_times(minutes: int) -> None:
    date = NOW + timedelta(minutes=minutes)
    with pytest.raises(ConfigurationError, match="2026-03-10T12:00:00Z") as caught:
        clock_read(format_datetime(date, usegmt=True))
    assert f"{date:%Y-%m-%dT%H:%M}" in str(caught.value)
    assert "NTP" in str(caught.value)


def test_time_of_a_pull_is_that_of_the_clock_that_is_behind() -> None:
    before, after = NOW - timedelta(minutes=14), NOW + timedelta(minutes=14)
    assert clock_read(format_datetime(before, usegmt=True)) == before
    assert clock_read(format_datetime(after, usegmt=True)) == NOW


@pytest.mark.parametrize(
    "head",
    [b"Content-Length: 1000\r\n\r\n", b"\r\n", b"Transfer-Encoding: chunked\r\n\r\n"],
    ids=["length", "until closed", "chunked"],
)
def test_body_that_drips_ends_after_the_deadline_for_a_whole_response(
    head: bytes, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "BODY_SECONDS", 0.05)
    piece = b"1\r\nx\r\n" if b"chunked" in head else b"x"
    began = time.monotonic()
    with (
        raw_server(b"HTTP/1.1 200 OK\r\n" + head, piece, 0.02, 1000) as url,
        pytest.raises(RetryError, match="did not end within"),
    ):
        transport.get(url, [], {})
    assert time.monotonic() - began < 10


def test_file_that_drips_is_incomplete(transport: Transport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "BODY_SECONDS", 0.05)
    with (
        raw_server(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"x", 0.02, 1000) as url,
        pytest.raises(IncompleteError, match="too slowly"),
    ):
        transport.download(url, tmp_path / "part.ndjson", lambda _: None)


def test_connection_is_kept_for_the_next_request(transport: Transport) -> None:
    answers = 2
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)

        def serve() -> None:
            connection, _ = listener.accept()  # one connection, for both requests
            with connection:
                for _ in range(answers):
                    assert connection.recv(65_536).startswith(b"GET /a?limit=1 HTTP/1.1\r\n")
                    connection.sendall(dated(None) + b"{}")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/a"
        assert [transport.get(url, [("limit", "1")], {}).content for _ in range(answers)] == [b"{}"] * answers
        thread.join()
    assert transport.calls == answers, "nothing had to be repeated"


def test_packed_response_is_unpacked(transport: Transport) -> None:
    with scripted(Reply(gzip.compress(b'{"name": "Ada"}'), headers={"Content-Encoding": "gzip"})) as server:
        assert json.loads(transport.get(server.url, [], {}).content) == {"name": "Ada"}
    assert "gzip" in server.requests[0].headers["Accept-Encoding"]


def test_requests_go_through_the_proxy_that_the_environment_names(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted(Reply({"by": "proxy"})) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url.replace("//", "//ada:secret@"))
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        with scripted(Reply({"by": "itself"})) as server:
            assert json.loads(transport.get(server.url, [], {}).content) == {"by": "itself"}
        answer = transport.get("http://shop.example/orders", [("page", "2")], {"X-Own": "1"})
    assert json.loads(answer.content) == {"by": "proxy"}
    (sent,) = proxy.requests
    assert sent.path == "http://shop.example/orders?page=2"
    assert (sent.headers["Host"], sent.headers["X-Own"]) == ("shop.example", "1")
    assert sent.headers["Proxy-Authorization"].startswith("Basic ")


@pytest.mark.parametrize("url", ["shop.example", "ftp://shop.example", "http://"])
def test_address_that_is_none_is_one_error_that_names_it(url: str, transport: Transport) -> None:
    with pytest.raises(RetryError, match="no connection") as caught:
        transport.get(url, [], {})
    assert url in str(caught.value)

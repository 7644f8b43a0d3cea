"""The HTTP session against a scripted server: retries, when it gives up, and what no message contains."""

from __future__ import annotations

import errno
import socket
from pathlib import Path

import pytest

from connectors.errors import GoneError, IncompleteError, RetryError
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
    assert response.json() == {"ok": True}
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
        assert transport.post(server.url, {}, {}).json() == {"whole": True}
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

"""Watches the HTTP requests that Apprise makes for one message, and says what came of them.

A request of which no byte was sent did not arrive. An answer says what the receiver made of it. A connection that ends
without an answer says nothing. The watch is on while a message is sent, and sees the requests of its own thread only.
"""

from __future__ import annotations

import http.client
import math
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import requests
from requests.adapters import HTTPAdapter

from serving.deliveries.deadline import deadline
from serving.deliveries.message import Outcome

GATEWAYS = frozenset((502, 504, *range(520, 530)))
"""A server in between got no answer from the receiver, which may have the message."""
TEMPORARY = frozenset((408, 425, 429))
LIMITS = frozenset(("ratelimited", "rate_limited", "service_unavailable", "internal_error"))
"""Words of platforms that answer 200 and refuse temporarily."""


@dataclass
class Exchange:
    """One request: whether any byte of it was sent, and the answer or the error."""

    method: str
    is_sent: bool = False
    connection: http.client.HTTPConnection | None = None
    response: requests.Response | None = None
    error: Exception | None = None

    @property
    def is_accepted(self) -> bool:
        """Whether the receiver says that it took something."""
        return self.response is not None and _is_success(self.response) and self.method not in ("GET", "HEAD")

    @property
    def is_unclear(self) -> bool:
        """Whether nobody knows if the receiver has it."""
        status = self.response.status_code if self.response is not None else 0
        return status in GATEWAYS or (self.response is None and self.is_sent)


class _Watch(threading.local):
    exchanges: list[Exchange] | None = None


_watch = _Watch()
_send_request, _send_bytes = HTTPAdapter.send, http.client.HTTPConnection.send


class _Installation:
    """The watch at the two places that every request passes, as long as any thread watches."""

    def __init__(self) -> None:
        self._lock, self._users = threading.Lock(), 0

    def change(self, users: int) -> None:
        with self._lock:
            self._users += users
            request, data = (_watched_request, _watched_bytes) if self._users else (_send_request, _send_bytes)
            setattr(HTTPAdapter, "send", request)  # noqa: B010  (a type checker sees an assignment to a method)
            setattr(http.client.HTTPConnection, "send", data)  # noqa: B010


_installation = _Installation()


@contextmanager
def watched() -> Iterator[list[Exchange]]:
    """The requests that this thread makes inside, in their order."""
    exchanges: list[Exchange] = []
    _watch.exchanges = exchanges
    _installation.change(1)
    try:
        with deadline(lambda: _socket(exchanges)):
            yield exchanges
    finally:
        _installation.change(-1)
        _watch.exchanges = None


def _watched_request(self: HTTPAdapter, request: Any, *args: Any, **options: Any) -> requests.Response:
    if _watch.exchanges is None:
        return _send_request(self, request, *args, **options)
    exchange = Exchange(str(request.method))
    _watch.exchanges.append(exchange)
    try:
        exchange.response = _send_request(self, request, *args, **options)
    except Exception as error:
        exchange.error = error
        raise
    return exchange.response


def _watched_bytes(self: http.client.HTTPConnection, data: Any) -> None:
    if _watch.exchanges:
        if self.sock is None:
            self.connect()
        _watch.exchanges[-1].is_sent, _watch.exchanges[-1].connection = True, self
    _send_bytes(self, data)


def _socket(exchanges: list[Exchange]) -> socket.socket | None:
    connection = exchanges[-1].connection if exchanges else None
    return connection.sock if connection else None


def outcome(delivered: bool, exchanges: list[Exchange]) -> Outcome:
    """What came of a message. `delivered`: what Apprise made of the answers."""
    if not exchanges:
        return Outcome("unknown", "Apprise made no request that could be watched")
    last = exchanges[-1]
    if delivered:
        return Outcome("sent", _status(last))
    if any(exchange.is_accepted for exchange in exchanges[:-1]):
        return Outcome("unknown", f"a part of it arrived, another did not ({_status(last)})")
    if any(exchange.is_unclear for exchange in exchanges):
        return Outcome("unknown", f"the connection ended without an answer of the receiver ({_status(last)})")
    if last.response is None:
        return Outcome("later", f"no connection ({_status(last)})")
    return _refused(last.response)


def _refused(response: requests.Response) -> Outcome:
    status, text = response.status_code, _words(response.status_code)
    if _is_success(response):
        word = _error_word(response)
        if word is None:
            return Outcome("unknown", f"the receiver's answer cannot be understood ({text})")
        return Outcome("later" if word in LIMITS else "failed", f"the receiver refused it: {word or text}")
    if status in TEMPORARY or status >= 500:
        return Outcome("later", f"the receiver refused it temporarily: {text}", _retry_after(response))
    return Outcome("failed", f"the receiver refused it: {text}")


def _error_word(response: requests.Response) -> str | None:
    """The name of the error in an answer that says `"ok": false`, as Slack's does; None where it says nothing."""
    try:
        answer = response.json()
    except ValueError:
        return None
    if not isinstance(answer, dict) or answer.get("ok", answer.get("success")) is not False:
        return None
    word = str(answer.get("error", ""))
    return word if word.replace("_", "").isalnum() and len(word) <= 40 else ""


def _retry_after(response: requests.Response) -> timedelta | None:
    """The time that the receiver asks to wait: seconds, or an instant."""
    text = response.headers.get("Retry-After", "")
    try:
        seconds = float(text)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(text).timestamp() - time.time()
        except (ValueError, TypeError):
            return None
    return None if math.isnan(seconds) else timedelta(seconds=min(max(seconds, 0), 1e9))


def _is_success(response: requests.Response) -> bool:
    return 200 <= response.status_code < 300


def _status(exchange: Exchange) -> str:
    if exchange.response is not None:
        return _words(exchange.response.status_code)
    return type(exchange.error).__name__ if exchange.error else "no answer"


def _words(status: int) -> str:
    """HTTP 404 Not Found."""
    names = {item.value: item.phrase for item in HTTPStatus}
    return f"HTTP {status} {names.get(status, '')}".rstrip()

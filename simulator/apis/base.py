"""What every simulated API has: HTTP requests and responses, the request log, faults of the transport."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from simulator.books import Instant
from simulator.faults import Faults
from simulator.world import World


@dataclass(frozen=True)
class Request:
    """An HTTP request. Header names are in lower case; ``query`` is the part of the URL after the question mark."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def of(cls, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Request:
        """``target`` is the path with its query, as in the request line."""
        url = urlsplit(target)
        return cls(method, url.path, url.query, {name.lower(): value for name, value in headers.items()}, body)


@dataclass(frozen=True)
class Response:
    """An HTTP response. A body in parts is sent chunked; ``cut`` closes the connection after half of the body."""

    status: int
    body: bytes | Iterable[bytes]
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False


@dataclass(frozen=True)
class LoggedRequest:
    """A request in the server's log. A fault names one of its ``resources`` in ``on``."""

    account: str
    resources: tuple[str, ...]
    parameters: dict[str, Any]
    status: int


@dataclass
class Api:
    """An API over a world. All APIs of a server share ``log``, ``faults`` and the clock ``now``."""

    world: World
    faults: Faults
    log: list[LoggedRequest]
    now: Callable[[], Instant]

    def respond(self, request: Request) -> Response:
        raise NotImplementedError

    def record(self, account: str, resources: tuple[str, ...], parameters: dict[str, Any], status: int) -> None:
        self.log.append(LoggedRequest(account, resources, parameters, status))

    def delay(self, account: str, resources: Iterable[str]) -> None:
        """Waits as long as a ``slow`` fault says."""
        if fault := self.faults.take("slow", account, resources):
            time.sleep(fault.seconds)

    def damage(self, response: Response, account: str, resources: Iterable[str]) -> Response:
        """The response with the ``truncated`` and ``cut`` faults that apply to it."""
        body = response.body
        if isinstance(body, bytes) and self.faults.take("truncated", account, resources):
            body = body[: len(body) // 2]
        return replace(response, body=body, cut=self.faults.take("cut", account, resources) is not None)

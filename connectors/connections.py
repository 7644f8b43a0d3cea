"""One connection per host, kept open, and one request over it.

requests says how to reach a host, as the environment has it: its proxy and its certificates. It is asked once per host,
since its own way from a request to a response takes several times what urllib3 and the body take.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import msgspec
import requests
import urllib3


class Request(NamedTuple):
    """What is sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None


class Response(NamedTuple):
    """What came back: `content` is the whole body, unpacked; `headers` are found in any case."""

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    url: str


@dataclass(frozen=True)
class _Host:
    """How a host is reached; through a proxy without a tunnel the whole address is sent."""

    pool: urllib3.HTTPConnectionPool
    by_whole_address: bool


class Connections:
    """The connections of one session, which has what they share: headers, proxies, certificates."""

    def __init__(self, session: requests.Session) -> None:
        self.session = session
        self._hosts: dict[tuple[str, str], _Host] = {}

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: object, params: Sequence[tuple[str, str]]
    ) -> Request:
        """A request with the session's headers; `body` goes as JSON, None goes as no body."""
        if params:
            url += ("&" if "?" in url else "?") + urlencode(params)
        own = {name: str(value) for name, value in self.session.headers.items()}
        if body is None:
            return Request(method, url, {**own, **headers}, None)
        own["Content-Type"] = "application/json"
        return Request(method, url, {**own, **headers}, msgspec.json.encode(body))

    def send(self, request: Request, timeout: urllib3.Timeout) -> urllib3.BaseHTTPResponse:
        """The response, its body still unread. Follows no redirect and repeats nothing.

        Raises urllib3.exceptions.HTTPError, and requests.RequestException for an address that is none.
        """
        address = urlsplit(request.url)
        host = self._hosts.get(address[:2]) or self._reach(request.url)
        target = (address.path or "/") + (f"?{address.query}" if address.query else "")
        return host.pool.urlopen(
            request.method,
            request.url if host.by_whole_address else target,
            body=request.body,
            headers=request.headers,
            retries=False,
            redirect=False,
            assert_same_host=False,  # a proxy has a host of its own
            timeout=timeout,
            preload_content=False,
        )

    def _reach(self, url: str) -> _Host:
        prepared = self.session.prepare_request(requests.Request("GET", url))
        adapter: Any = self.session.get_adapter(url)
        settings: Any = self.session.merge_environment_settings(url, {}, True, None, None)
        verify, cert, proxies = settings["verify"], settings["cert"], settings["proxies"]
        pool = adapter.get_connection_with_tls_context(prepared, verify, proxies=proxies, cert=cert)
        adapter.cert_verify(pool, url, verify, cert)
        host = _Host(pool, adapter.request_url(prepared, proxies).startswith("http"))
        self._hosts[urlsplit(url)[:2]] = host
        return host

"""HTTP on the loopback interface: a threading server that passes each request to the API of its first path segment."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from simulator.apis.base import Request, Response

HOST = "127.0.0.1"
_NOT_FOUND = Response(404, b'{"errors": "Not Found"}', "application/json; charset=utf-8")


class PortInUseError(OSError):
    """Another program listens on the port."""


class Responder(Protocol):
    """What answers the requests below a first segment of the path: an API, or the mailbox."""

    def respond(self, request: Request) -> Response: ...


class HttpServer(ThreadingHTTPServer):
    """Serves ``apis`` by the first segment of the path. ``now`` is the time in the Date header; the header
    X-Simulated-Time says that this time is simulated, so that a reader does not compare it with the machine's clock.

    Raises PortInUseError when the port is in use.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, port: int, apis: Mapping[str, Responder], now: Callable[[], datetime]) -> None:
        self.apis, self.now = apis, now
        try:
            super().__init__((HOST, port), _Handler)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            raise PortInUseError(f"Port {port} on {HOST} is in use by another program") from None

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that closes its connection early is not an error."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16
    server: HttpServer

    def do_GET(self) -> None:
        self._respond(b"")

    def do_POST(self) -> None:
        self._respond(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing: the APIs log their requests."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        return format_datetime(self.server.now().astimezone(UTC), usegmt=True)

    def _respond(self, body: bytes) -> None:
        request = Request.of(self.command, self.path, dict(self.headers), body)
        api = self.server.apis.get(request.path.split("/")[1])
        self._send(api.respond(request) if api else _NOT_FOUND)

    def _send(self, response: Response) -> None:
        body = response.body
        headers = dict(response.headers)
        self.send_response_only(response.status)
        if date := headers.pop("Date", self.date_time_string()):  # an empty one is left out
            self.send_header("Date", date)
        self.send_header("Content-Type", response.content_type)
        if isinstance(body, bytes):
            self.send_header("Content-Length", str(len(body)))
        else:
            self.send_header("Transfer-Encoding", "chunked")
        self.send_header("X-Simulated-Time", self.server.now().astimezone(UTC).isoformat())
        for name, value in headers.items():
            self.send_header(name, value)
        if response.cut:
            self.close_connection = True
        self.end_headers()
        if isinstance(body, bytes):
            self.wfile.write(body[: len(body) // 2] if response.cut else body)
        else:
            for part in body:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

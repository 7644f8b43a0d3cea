"""A real SMTP server and a real HTTP server on 127.0.0.1, which count what they receive and fail on demand."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

TAKEN = "250 2.0.0 queued as 4711"


@dataclass
class MailServer:
    """What it answers at each stage: a reply, or "drop" to end the connection. `mails`: what it has taken."""

    port: int = 0
    replies: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    """Replies to recipients by address."""
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    slow: str = ""
    """The stage at which it takes a second to answer."""

    def address(self, name: str = "owner", options: str = "") -> str:
        return f"mailto://127.0.0.1:{self.port}/{name}@shop.example?from=reports@takings.example{options}"

    async def _reply(self, stage: str, server: Any, usual: str) -> str:
        reply = self.replies.get(stage, usual)
        if stage == self.slow:
            await asyncio.sleep(1)
        if reply == "drop":
            server.transport.abort()
        return reply

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str, answers: list[str]) -> Any:  # noqa: N802
        session.host_name = hostname
        reply = self.replies.get("EHLO")
        if reply == "drop":
            server.transport.abort()
        return [reply] if reply else answers

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        envelope.mail_from = address
        return await self._reply("MAIL", server, "250 OK")

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        reply = self.refused.get(address) or await self._reply("RCPT", server, "250 OK")
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        reply = await self._reply("DATA", server, TAKEN)
        if reply in (TAKEN, "drop", "garbage"):  # the server has it, whether or not its answer arrives
            mail = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(mail, EmailMessage)
            self.mails.append(mail)
            self.recipients.append(list(envelope.rcpt_tos))
        return reply

    async def handle_exception(self, error: Exception) -> str:
        return f"451 {type(error).__name__}"


def free_port() -> int:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def mail_server(**options: Any) -> Iterator[MailServer]:
    server = MailServer(free_port())
    controller = Controller(server, hostname="127.0.0.1", port=server.port, **options)
    controller.start()
    try:
        yield server
    finally:
        controller.stop()


@contextmanager
def dripping_server() -> Iterator[int]:
    """The port of a server that answers with one byte after another, without end."""
    ended = threading.Event()

    def drip() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            while not ended.wait(0.05):
                connection.send(b"2")

    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            ended.set()
            thread.join()


@dataclass
class HttpServer:
    """Answers each POST below `path` by `answer` (status, headers, body); without an answer it ends the connection."""

    port: int = 0
    path: str = "/"
    answer: Callable[[int], tuple[int, dict[str, str], bytes] | None] = lambda _: (200, {}, b"ok")
    received: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    delay: float = 0.0

    def address(self, path: str = "hook", kind: str = "json") -> str:
        return f"{kind}://127.0.0.1:{self.port}/{path}"


@contextmanager
def http_server() -> Iterator[HttpServer]:
    state = HttpServer()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if not self.path.startswith(state.path):  # meant for whoever had this port before
                self.send_error(404)
                return
            with lock:
                state.received.append(json.loads(body) if body.startswith(b"{") else {"body": body})
                state.headers.append(dict(self.headers))
                number = len(state.received)
            time.sleep(state.delay)
            answer = state.answer(number)
            if answer is None:
                self.close_connection = True
                return
            status, headers, content = answer
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):  # whoever asked does not wait any more
                self.wfile.write(content)

        do_PUT = do_GET = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        state.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()

"""A mail server and a receiver of webhooks on this machine, for trying messages: what arrives is shown on a page.

    with Mailbox(folder) as mailbox:
        mailbox.smtp_port              mails for any address; nothing is sent on
        mailbox.respond(request)       the page, and POST /mailbox/hooks/NAME for a webhook

Messages are files of `folder`, so that a restart shows them: 000001.eml, 000002.json. Their content is not trusted: it
is shown in a frame without scripts, forms and requests to other hosts.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Awaitable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from simulator import mailbox_page
from simulator.apis.base import Request, Response
from simulator.mailbox_item import Item, read

HOST = "127.0.0.1"
HOSTS = ("127.0.0.1", "localhost")
MOST_BYTES = 25_000_000
HOOK = "/mailbox/hooks/"


class Mailbox:
    """The messages of a folder, and the servers that receive them. Port 0 takes a free port."""

    def __init__(self, folder: Path, smtp_port: int = 0) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self.smtp_port = smtp_port
        self._server: _Server | None = None

    def __enter__(self) -> Mailbox:
        listening = socket.create_server((HOST, self.smtp_port))
        self.smtp_port = int(listening.getsockname()[1])
        self._server = _Server(self, listening)
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server:
            self._server.stop()

    def items(self) -> list[Item]:
        """Every message, the newest first."""
        files = sorted((path for path in self.folder.iterdir() if path.suffix in (".eml", ".json")), reverse=True)
        return [read(path) for path in files]

    def add(self, content: bytes, suffix: str) -> None:
        """Keep a message. It is a whole file or none."""
        with self._lock:
            numbers = [int(path.stem) for path in self.folder.iterdir() if path.stem.isdigit()]
            path = self.folder / f"{max(numbers, default=0) + 1:06}{suffix}"
            partial = path.with_suffix(".partial")
            partial.write_bytes(content)
            partial.replace(path)

    def respond(self, request: Request) -> Response:
        """The page, a part of a message, or the receipt of a webhook."""
        if request.headers.get("host", "").rpartition(":")[0] not in HOSTS:
            return Response(421, b"This mailbox answers to 127.0.0.1 alone.\n", "text/plain; charset=utf-8")
        if request.method == "POST":
            return self._receive(request)
        return mailbox_page.respond(request.path, request.query, self.items())

    def _receive(self, request: Request) -> Response:
        name = request.path.removeprefix(HOOK)
        if not request.path.startswith(HOOK) or not name:
            return _json(404, {"error": f"Webhooks are received at {HOOK}NAME"})
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return _json(415, {"error": "a webhook is JSON: Content-Type: application/json"})
        try:
            payload = json.loads(request.body)
        except ValueError:
            return _json(400, {"error": "the body is not JSON"})
        received = {"hook": name, "received": _now(), "payload": payload}
        self.add(json.dumps(received, ensure_ascii=False).encode(), ".json")
        return _json(200, {"received": True})

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep a mail, with who sent it to whom in headers of its own. The name is aiosmtpd's."""
        recipients = ", ".join(envelope.rcpt_tos).encode("utf-8", "replace")
        head = b"X-Received: " + _now().encode() + b"\r\nX-Recipients: " + recipients + b"\r\n"
        content = envelope.content or b""
        self.add(head + (content if isinstance(content, bytes) else content.encode()), ".eml")
        return "250 Message accepted for delivery"


class _Server(Controller):  # type: ignore[misc]  # aiosmtpd has no types
    """aiosmtpd on a socket that listens already, so that a free port stays ours."""

    def __init__(self, mailbox: Mailbox, listening: socket.socket) -> None:
        port = int(listening.getsockname()[1])
        super().__init__(mailbox, HOST, port, server_hostname="takings-demo", ident="", data_size_limit=MOST_BYTES)
        self._listening = listening

    def _create_server(self) -> Awaitable[Any]:
        created: Awaitable[Any] = self.loop.create_server(self._factory_invoker, sock=self._listening)
        return created


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _json(status: int, content: dict[str, Any]) -> Response:
    return Response(status, json.dumps(content).encode(), "application/json")

"""A client that calls the application in this process: no port, one event loop, redirects are not followed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import urlencode, urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Headers
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


@cache
def loop() -> asyncio.AbstractEventLoop:
    """The event loop of all clients; the fixture in conftest.py closes it."""
    return asyncio.new_event_loop()


@dataclass
class Client:
    """Requests to `app`. cookies, sent: what the browser sends with each one; headers of a request replace `sent`."""

    app: ASGIApp
    host: str = "127.0.0.1:8090"
    cookies: dict[str, str] = field(default_factory=dict)
    sent: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return self.send("GET", path, headers=headers)

    def post(self, path: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Answer:
        """A form as a browser sends it from a page of this application."""
        usual = {"content-type": "application/x-www-form-urlencoded", "origin": f"http://{self.host}"}
        return self.send("POST", path, headers=usual | dict(headers or {}), body=urlencode(form).encode())

    def send(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: bytes = b"") -> Answer:
        return loop().run_until_complete(self.ask(method, path, headers=headers, body=body))

    async def ask(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:  # fmt: skip
        address = urlsplit(path)
        sent = {"host": self.host, "content-length": str(len(body)), **self.sent, **(headers or {})}
        if self.cookies:
            sent.setdefault("cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        messages: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            messages.append(message)

        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": address.path, "raw_path": address.path.encode(), "query_string": address.query.encode(),
            "root_path": "", "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8090),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in sent.items()],
        }  # fmt: skip
        with contextlib.suppress(Exception):  # a server logs it after the answer
            await self.app(scope, receive, send)
        start = next(message for message in messages if message["type"] == "http.response.start")
        parts = [message.get("body", b"") for message in messages if message["type"] == "http.response.body"]
        answer = Answer(start["status"], Headers(raw=start["headers"]), b"".join(parts))
        if cookie := answer.headers.get("set-cookie"):
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer

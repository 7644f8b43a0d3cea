"""A connection of the web application, which ends where its client does not send or read for too long.

    uvicorn.run(application(site), http=Connection)

uvicorn limits only the time between two requests. A client that sends a header every few seconds, or never reads its
answer, would hold a connection for ever, and headers without an end would fill the memory.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MOST_HEADERS = 65_536  # bytes of a request that are not its body
TIMEOUT = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class Connection(HttpToolsProtocol):
    """The protocol of one connection.

    request_seconds: from the first byte of a request to its last one, or from the connection to its first request.
    answer_seconds: how long a client may read nothing while an answer waits for it.
    """

    request_seconds = 20.0
    answer_seconds = 60.0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._arriving: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._overhead = 0  # bytes of the request that are not its body

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        self._arrived()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self._expect()
        self._overhead += len(data)
        super().data_received(data)
        if self._overhead > MOST_HEADERS and not self.transport.is_closing():
            self._refuse(TOO_LONG)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._expect()

    def on_body(self, body: bytes) -> None:
        self._overhead -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._arrived()
        self._overhead = 0
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stalled = self.loop.call_later(self.answer_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _expect(self) -> None:
        if self._arriving is None:
            self._arriving = self.loop.call_later(self.request_seconds, self._refuse, TIMEOUT)

    def _arrived(self) -> None:
        if self._arriving is not None:
            self._arriving.cancel()
            self._arriving = None

    def _refuse(self, answer: bytes) -> None:
        """Answer where no answer has begun, and end the connection."""
        if self.cycle is None or not self.cycle.response_started:
            self.transport.write(answer)
        self.transport.close()

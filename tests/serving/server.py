"""The application behind a real server in this process, on a free port, and readers that ask it at once."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from serving.connections import Connection


@contextmanager
def running(app: ASGIApp, port: int = 0, http: type[Connection] = Connection) -> Iterator[int]:
    """Serve `app` until the end of the block, by default on a free port; gives its port."""
    with socket.socket() as place:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a browser's connection may end after its server
        place.bind(("127.0.0.1", port))
        server = uvicorn.Server(uvicorn.Config(app, http=http, log_config=None, access_log=False, lifespan="off"))
        thread = threading.Thread(target=server.run, args=([place],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield int(place.getsockname()[1])
        finally:
            server.should_exit = True
            thread.join(30)


async def ask(port: int, path: str) -> tuple[int, bytes]:
    """Status and body of one request on a connection of its own."""
    status, _, body = await ask_with(port, path, {})
    return status, body


async def ask_with(port: int, path: str, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of one request with these headers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: close",
             *(f"{name}: {value}" for name, value in headers.items())]  # fmt: skip
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    status, *fields = head.decode("latin-1").split("\r\n")
    return int(status.split()[1]), dict(field.lower().split(": ", 1) for field in fields), body

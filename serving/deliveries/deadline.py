"""Ends a connection that takes too long in all: a server that sends a byte before each timeout would never end."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

SECONDS = 120.0


@contextmanager
def deadline(current: Callable[[], socket.socket | None]) -> Iterator[None]:
    """After SECONDS, shut the socket that `current` gives then: whoever waits for it sees that its connection ended."""

    def end() -> None:
        connection = current()
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(SECONDS, end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()

"""Keeps answers for a minute, bounded in size, and computes each one once however many readers ask for it at a time.

A key begins with the run id of the published build. The first reader that sees another run drops what is of the last
one, so that a publish shows at once. An error is passed to all that wait for it, and is not kept.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool

SECONDS = 60.0
MOST_BYTES = 128_000_000
AT_ONCE = 4  # computations; readers of what is kept never wait for them
T = TypeVar("T")
Key = tuple[Any, ...]


@dataclass
class _Item:
    """A value with its size in bytes, and the instant (of the clock) from which it is too old."""

    value: Any
    size: int
    until: float


class Cache:
    """For one event loop. `clock` gives seconds that only grow."""

    def __init__(
        self, seconds: float = SECONDS, most_bytes: int = MOST_BYTES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds, self._most, self._clock = seconds, most_bytes, clock
        self._items: OrderedDict[Key, _Item] = OrderedDict()
        self._running: dict[Key, asyncio.Task[Any]] = {}
        self._size = 0
        self._run = ""
        self._slots = asyncio.Semaphore(AT_ONCE)

    @property
    def size(self) -> int:
        """Bytes that are kept."""
        return self._size

    async def get(self, run_id: str, key: Key, make: Callable[[], T], size: Callable[[T], int]) -> T:
        """The value of a key of a build: kept, being computed for another reader, or computed by `make` in a thread."""
        if run_id != self._run:
            self._run = run_id
            for old in [item for item in self._items if item[0] != run_id]:
                self._drop(old)
        full = (run_id, *key)
        item = self._items.get(full)
        if item is not None and item.until > self._clock():
            self._items.move_to_end(full)
            value: T = item.value
            return value
        task = self._running.get(full)
        if task is None:
            task = asyncio.create_task(self._compute(full, make, size))
            self._running[full] = task
        result: T = await asyncio.shield(task)  # a reader that leaves does not end it for the others
        return result

    async def _compute(self, key: Key, make: Callable[[], T], size: Callable[[T], int]) -> T:
        try:
            async with self._slots:
                value = await run_in_threadpool(make)
            self._keep(key, value, size(value))
        finally:
            self._running.pop(key, None)
        return value

    def _keep(self, key: Key, value: Any, size: int) -> None:
        self._drop(key)
        if size > self._most or key[0] != self._run:
            return
        self._items[key] = _Item(value, size, self._clock() + self._seconds)
        self._size += size
        while self._size > self._most:
            self._drop(next(iter(self._items)))

    def _drop(self, key: Key) -> None:
        item = self._items.pop(key, None)
        self._size -= item.size if item else 0

"""Appends collected records to files, durably: a record is on the disk before its request is answered.

Requests that arrive while the disk is busy share the next fsync, so that many small requests cost few of them. After
any failure the file is left as it is and the next records go to a new one: nobody appends behind a line that may be cut
off.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from common.collected import ENDING, encoded

MOST_WAITING = 32_000_000  # bytes that wait for the disk
MOST_BYTES = 64_000_000  # of a file
LONGEST = 3600.0  # seconds that a file is written to, so that a pull can remove it
log = logging.getLogger("takings.serving")


class BusyError(Exception):
    """The disk is slower than the requests: too much is waiting for it."""


@dataclass
class _File:
    """A file that is being written to. `whole`: the bytes that are on the disk."""

    path: Path
    descriptor: int
    began: float
    whole: int = 0

    def close(self) -> None:
        """Release it; a file without a confirmed record is removed."""
        if not self.whole:
            self.path.unlink(missing_ok=True)
        os.close(self.descriptor)


@dataclass
class Writer:
    """Appends to the files of one folder, for one event loop. `sync` makes a descriptor's content durable."""

    folder: Path
    sync: Callable[[int], None] = os.fsync
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    _waiting: list[tuple[bytes, asyncio.Future[None]]] = field(default_factory=list)
    _size: int = 0
    _task: asyncio.Task[None] | None = None
    _file: _File | None = None
    _failing: bool = False

    async def append(self, records: Sequence[bytes]) -> None:
        """Return when the records (each one JSON without line ends) are on the disk.

        Raises OSError where they cannot be written, as on a full disk, and BusyError; none of them counts then.
        """
        content = b"".join(encoded(record) for record in records)
        if self._size + len(content) > MOST_WAITING:
            raise BusyError
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((content, future))
        self._size += len(content)
        if self._task is None:
            self._task = asyncio.create_task(self._write_waiting())
        await future

    def close(self) -> None:
        """End the file; the next record begins a new one."""
        if self._file is not None:
            file, self._file = self._file, None
            file.close()

    async def _write_waiting(self) -> None:
        """Write what waits, all of it at once, until nothing does."""
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, []
                content = b"".join(part for part, _ in batch)
                try:
                    await asyncio.to_thread(self._commit, content)
                except OSError as error:
                    failure: OSError | None = error
                else:
                    failure = None
                self._report(failure)
                self._size -= len(content)
                for _, future in batch:
                    if future.done():  # whoever waited has left
                        continue
                    if failure:
                        future.set_exception(failure)
                    else:
                        future.set_result(None)
        finally:
            self._task = None

    def _report(self, failure: OSError | None) -> None:
        """Log when nothing can be written any more, and when it can again."""
        if failure and not self._failing:
            log.error(
                "Collected records cannot be written to %s (%s). They are refused with status 503, and their senders "
                "have to keep them, until there is room or the folder can be written.", self.folder, failure,
            )  # fmt: skip
        elif self._failing and not failure:
            log.warning("Collected records are written to %s again.", self.folder)
        self._failing = failure is not None

    def _commit(self, content: bytes) -> None:
        """Append to the current file and wait for the disk."""
        file = self._current()
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(file.descriptor, rest) :]
            self.sync(file.descriptor)
        except OSError:
            self.close()
            raise
        if os.fstat(file.descriptor).st_nlink:
            file.whole += len(content)
        else:  # somebody removed the folder meanwhile
            self.close()
            self._commit(content)

    def _current(self) -> _File:
        """The file to write to: the open one, or a new one."""
        file, now = self._file, self.now().timestamp()
        if file and (file.whole >= MOST_BYTES or not 0 <= now - file.began < LONGEST):
            self.close()
        if self._file is None:
            self._file = self._begin()
        return self._file

    def _begin(self) -> _File:
        """A new file. It gets its name when it has its lock: without one it would look complete."""
        self._make_folder()
        now = self.now()
        name = f"{now.astimezone(UTC):%Y%m%dT%H%M%S%fZ}-{secrets.token_hex(3)}{ENDING}"
        path, hidden = self.folder / name, self.folder / f".{name}"
        descriptor = os.open(hidden, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            hidden.rename(path)
            self._sync_folder(self.folder)
        except OSError:
            hidden.unlink(missing_ok=True)
            path.unlink(missing_ok=True)
            os.close(descriptor)
            raise
        return _File(path, descriptor, now.timestamp())

    def _make_folder(self) -> None:
        """Make the folder with its parents, each durable in the one above it."""
        missing = [path for path in (self.folder, *self.folder.parents) if not path.exists()]
        for path in reversed(missing):
            path.mkdir(mode=0o700, exist_ok=True)
            self._sync_folder(path.parent)

    def _sync_folder(self, path: Path) -> None:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            self.sync(descriptor)
        finally:
            os.close(descriptor)

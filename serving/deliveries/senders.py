"""Which processes send now. Each holds a lock that the kernel releases when it ends, however it ends.

So a dead sender is recognized by its lock, never by time: a machine that slept, or a slow mail server, does not look
like a death.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from pathlib import Path
from typing import IO


class Senders:
    """The lock files of a folder, one per sending process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._own: tuple[str, IO[bytes]] | None = None

    def own(self) -> str:
        """The name of this sender, whose lock is held from now on until `close` or the end of the process."""
        while self._own is None:
            name = secrets.token_hex(8)
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = self._path(name).open("wb")
            fcntl.flock(file, fcntl.LOCK_EX)
            if _is_at(file, self._path(name)):  # nobody took it for a dead one's before it was locked
                self._own = name, file
            else:
                file.close()
        return self._own[0]

    def is_alive(self, name: str) -> bool:
        """Whether the process of this sender still holds its lock."""
        if self._own and self._own[0] == name:
            return True
        try:
            with self._path(name).open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def remove_dead(self) -> None:
        """Remove the lock files of senders that are dead."""
        for path in sorted(self.folder.glob("*.lock")):
            if path.stem == (self._own and self._own[0]):
                continue
            try:
                with path.open("rb") as file:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    path.unlink(missing_ok=True)
            except (BlockingIOError, FileNotFoundError):
                continue

    def close(self) -> None:
        """End this sender. Nothing that it claimed may be open."""
        if self._own:
            name, file = self._own
            self._path(name).unlink(missing_ok=True)
            file.close()
            self._own = None

    def _path(self, name: str) -> Path:
        return self.folder / f"{name}.lock"


def _is_at(file: IO[bytes], path: Path) -> bool:
    try:
        at_path = path.stat()
    except FileNotFoundError:
        return False
    own = os.fstat(file.fileno())
    return (own.st_dev, own.st_ino) == (at_path.st_dev, at_path.st_ino)

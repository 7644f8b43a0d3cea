"""What was read from files is used again where other files have the same bytes.

A build mostly has the definitions of the build before it, in files of its own.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

KEPT = 4
T = TypeVar("T")


def stamp(file: Path) -> tuple[int, ...]:
    """What changes with a file; empty where there is none."""
    try:
        about = file.stat()
    except OSError:
        return ()
    return about.st_ino, about.st_size, about.st_mtime_ns


class SameFiles(Generic[T]):
    """The values that were read last, by what their files hold. A value must not be changed by who gets it."""

    def __init__(self) -> None:
        self._values: OrderedDict[tuple[bytes, ...], T] = OrderedDict()

    def get(self, files: tuple[Path, ...], read: Callable[[], T]) -> T:
        """The value of files with the same bytes, or that of `read`, whose errors are raised and not kept."""
        try:
            key = tuple(hashlib.sha256(file.read_bytes()).digest() for file in files)
        except OSError:
            return read()  # it says which file cannot be read, and what to do
        value = self._values.get(key)
        if value is None:
            value = self._values[key] = read()
            while len(self._values) > KEPT:
                self._values.popitem(last=False)
        return value

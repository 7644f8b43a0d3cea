"""A file's lines, compressed or not, and where it breaks off."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from connectors.errors import ConfigurationError

BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class EventFile:
    """A file: its name below the folder, and its size (bytes) and time (nanoseconds), which show a change."""

    path: Path
    name: str
    size: int
    modified: int


@dataclass(frozen=True)
class Truncated:
    """A compressed file cannot be read from here on."""

    reason: str


def find(folder: Path, inside: str, *patterns: str) -> list[EventFile]:
    """The files of a subfolder, in the order of their names, without hidden ones: these may be half written."""
    paths = {path for pattern in patterns for path in (folder / inside).glob(pattern) if path.is_file()}
    return [_file(path, folder) for path in sorted(paths) if not path.name.startswith(".")]


def _file(path: Path, folder: Path) -> EventFile:
    stat = path.stat()
    name = path.relative_to(folder).as_posix().encode("utf-8", "backslashreplace").decode()
    return EventFile(path, name, stat.st_size, stat.st_mtime_ns)


def lines(path: Path) -> Iterator[tuple[int, bytes | Truncated]]:
    """Each line that is not empty, stripped, with its number; a Truncated where a compressed file breaks off.

    Raises ConfigurationError when the file may not be read.
    """
    number = 0
    try:
        compressed = path.suffix == ".gz"
        with cast(BinaryIO, gzip.open(path, "rb")) if compressed else path.open("rb") as file:
            for number, line in enumerate(file, 1):
                bare = line.removeprefix(BOM).strip() if number == 1 else line.strip()
                if bare:
                    yield number, bare
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        yield number + 1, Truncated(f"the compressed file breaks off here ({error})")
    except PermissionError:
        raise ConfigurationError(
            f"{path} may not be read. Give Takings the permission to read it, then run again."
        ) from None

"""A file's lines, compressed or not, and where it breaks off."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from connectors.errors import ConfigurationError

BOM = b"\xef\xbb\xbf"
LONGEST = 1_000_000  # bytes of a line
KEPT = 10_000  # bytes of a rejected line that the landing zone keeps
MOST_REJECTS = 1_000  # of one file are named one by one
MOST_UNCOMPRESSED = 20_000_000_000  # bytes of a compressed file: a few megabytes can unpack to terabytes


@dataclass(frozen=True)
class EventFile:
    """A file: its name below the folder, and its size (bytes) and time (nanoseconds), which show a change."""

    path: Path
    name: str
    size: int
    modified: int

    @classmethod
    def of(cls, path: Path, folder: Path) -> EventFile:
        stat = path.stat()
        name = path.relative_to(folder).as_posix().encode("utf-8", "backslashreplace").decode()
        return cls(path, name, stat.st_size, stat.st_mtime_ns)


@dataclass(frozen=True)
class Unreadable:
    """A line, or the rest of a file, that cannot be read; `beginning` is what there is of it."""

    reason: str
    beginning: bytes | None = None


def find(folder: Path, inside: str, *patterns: str) -> list[EventFile]:
    """The files of a subfolder, in the order of their names, without hidden ones: these may be half written."""
    paths = {path for pattern in patterns for path in (folder / inside).glob(pattern) if path.is_file()}
    return [EventFile.of(path, folder) for path in sorted(paths) if not path.name.startswith(".")]


def lines(path: Path, at: int = 0, number: int = 0) -> Iterator[tuple[int, bytes | Unreadable]]:
    """Each line that is not empty, stripped, with its number; an Unreadable for one that is too long, and where a
    compressed file breaks off or becomes too large. At most one line of LONGEST bytes is in memory.

    Reading begins at the byte `at`, after `number` lines. Raises ConfigurationError when the file may not be read.
    """
    size = 0
    try:
        compressed = path.suffix == ".gz"
        with cast(BinaryIO, gzip.open(path, "rb")) if compressed else path.open("rb") as file:
            file.seek(at)
            most = MOST_UNCOMPRESSED if compressed else sys.maxsize
            while size <= most and (line := file.readline(LONGEST + 2)):  # room for the line end
                number, size = number + 1, size + len(line)
                bare = line.removeprefix(BOM).strip() if number == 1 else line.strip()
                if len(line.rstrip(b"\r\n")) > LONGEST:
                    size += 0 if line.endswith(b"\n") else _skip_line(file, most - size)
                    yield number, Unreadable(f"longer than {LONGEST} bytes", line[:KEPT])
                elif bare:
                    yield number, bare
            if size > most:
                yield number + 1, Unreadable(f"the file has more than {most} bytes uncompressed: the rest is not read")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        yield number + 1, Unreadable(f"the compressed file breaks off here ({error})")
    except PermissionError:
        raise ConfigurationError(
            f"{path} may not be read. Give Takings the permission to read it, then run again."
        ) from None


def _skip_line(file: BinaryIO, most: int) -> int:
    """Read the rest of a line, or more than `most` bytes of it, without keeping it; returns the number of bytes."""
    skipped = 0
    while skipped <= most and (piece := file.readline(1 << 20)):
        skipped += len(piece)
        if piece.endswith(b"\n"):
            break
    return skipped


def unnamed_rejects(count: int) -> str:
    """The reason of the reject that counts a file's further ones."""
    return f"{count} lines, this one the first of them, cannot be loaded either"

"""A file's lines, packed or not, and where it breaks off."""

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
class Found:
    """A file of a folder: ``name`` below it, and by what it is told whether it has changed (bytes, nanoseconds)."""

    path: Path
    name: str
    size: int
    modified: int


@dataclass(frozen=True)
class Torn:
    """A packed file cannot be read from here on."""

    reason: str


def find(folder: Path, inside: str, *patterns: str) -> list[Found]:
    """The files of a subfolder, by name. Hidden ones are somebody's half-written ones."""
    paths = {path for pattern in patterns for path in (folder / inside).glob(pattern) if path.is_file()}
    return [found(path, folder) for path in sorted(paths) if not path.name.startswith(".")]


def found(path: Path, folder: Path) -> Found:
    """A file as it stands now."""
    told = path.stat()
    name = path.relative_to(folder).as_posix().encode("utf-8", "backslashreplace").decode()
    return Found(path, name, told.st_size, told.st_mtime_ns)


def lines(path: Path) -> Iterator[tuple[int, bytes | Torn]]:
    """Each line that is not empty, without its end, with its number; in the end a Torn where the file breaks off.

    Raises ConfigurationError where the file may not be read.
    """
    number = 0
    try:
        packed = path.suffix == ".gz"
        with cast(BinaryIO, gzip.open(path, "rb")) if packed else path.open("rb") as file:
            for number, line in enumerate(file, 1):
                bare = line.removeprefix(BOM).strip() if number == 1 else line.strip()
                if bare:
                    yield number, bare
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        yield number + 1, Torn(f"the packed file breaks off here ({error})")
    except PermissionError:
        raise ConfigurationError(
            f"{path} may not be read. Give Takings the right to read it, then run again."
        ) from None

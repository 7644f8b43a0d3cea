"""The files of collected records: the web application appends to them, the connector `collector` reads them.

    TAKINGS_HOME/collected/<tenant>/collector/<account>/20261130T130102123456Z-1f3a9c.jsonl

A line is the CRC-32 of a record's JSON (eight hexadecimal digits), a blank, that JSON and a line end. One process
writes a file. It holds a lock on it, which the kernel releases when the process ends, however it ends, and no process
opens the file for writing again: a file without the lock is complete, and what follows its last whole line was never
confirmed to anybody.
"""

from __future__ import annotations

import fcntl
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

SOURCE, ENDING = "collector", ".jsonl"
LONGEST_LINE = 2_000_000  # bytes; the web application takes smaller requests
_CHECKSUM = 9  # bytes: eight digits and a blank


@dataclass(frozen=True)
class Line:
    """A line of a file: its number from 1, the offset of the byte after it, and its JSON; None where it is damaged."""

    number: int
    end: int
    record: bytes | None


@dataclass(frozen=True)
class Taken:
    """A record that can be stored: its id, its JSON as it is written, and the fields that nothing reads."""

    key: str
    record: bytes
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refused:
    """Every mistake of a record, in words for whoever sent it."""

    mistakes: tuple[str, ...]


Check = Callable[[str, bytes, datetime], Taken | Refused]
"""check(contract, record, now): what is stored of a record of JSON, or why it cannot be taken."""


def encoded(record: bytes) -> bytes:
    """A record's JSON, without line ends, as a line."""
    return b"%08x %b\n" % (zlib.crc32(record), record)


def folder_of(root: Path, tenant: str, account: str) -> Path:
    """The folder of one account below the folder of all collected records."""
    return root / tenant / SOURCE / account


def files(folder: Path) -> list[Path]:
    """The files of an account in the order in which they were begun; none where nothing was collected."""
    return sorted(folder.glob(f"[0-9]*{ENDING}"))


def lines(path: Path, offset: int = 0, number: int = 0) -> Iterator[Line]:
    """The whole lines of a file after an offset, of which `number` come before it; none of a file that is gone, since
    its process removes one in which nothing was confirmed.

    Ends before a last line without its end: it is being written, or was cut off when its process ended.
    """
    with suppress(FileNotFoundError), path.open("rb") as file:
        file.seek(offset)
        while (line := file.readline(LONGEST_LINE)).endswith(b"\n"):
            number, offset = number + 1, offset + len(line)
            record = line[_CHECKSUM:-1]
            yield Line(number, offset, record if line == encoded(record) else None)


def is_complete(path: Path) -> bool:
    """Whether the file is there and no process writes it any more."""
    with suppress(FileNotFoundError, BlockingIOError), path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return True
    return False

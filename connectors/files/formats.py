"""The records of a file, whatever its format: each with its line, read without holding the whole file in memory.

CSV       UTF-8, separated by commas, with a header
JSON      one array of objects
JSON lines
Parquet   every column as text: a decimal as it is, a float as its shortest text
"""

from __future__ import annotations

import csv
import gzip
import json
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from connectors.errors import ConfigurationError
from connectors.files.reading import BOM, LONGEST, MOST_UNCOMPRESSED, EventFile, Unreadable, lines
from connectors.sync import parquet

Record = dict[str, Any] | bytes | Unreadable
"""Texts by column, an object of JSON as it was written, or what cannot be read."""
BREAKS_OFF = (EOFError, zlib.error, gzip.BadGzipFile)
CHUNK = 1 << 20
_SPLITTER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)  # finds where an object ends


def find(folder: Path, name: str) -> list[EventFile]:
    """The files of a contract, in the order of their names: `name.csv` and so on, and those in a folder `name`.

    Hidden files are left out: they may be half written.
    """
    return [EventFile.of(path, folder) for path in _paths(folder, name) if suffix(path) in FORMATS]


def others(folder: Path, name: str) -> list[str]:
    """The names of the files in these places that have no format."""
    return [EventFile.of(path, folder).name for path in _paths(folder, name) if suffix(path) not in FORMATS]


def _paths(folder: Path, name: str) -> list[Path]:
    paths = [*folder.glob(f"{name}.*"), *(folder / name).glob("*")]
    return [path for path in sorted(paths) if path.is_file() and not path.name.startswith(".")]


def suffix(path: Path) -> str:
    """The end of a file's name that says what is in it, such as .jsonl.gz"""
    return "".join(path.suffixes[-2:]) if path.suffix == ".gz" else path.suffix


def records(path: Path) -> Iterator[tuple[int, Record]]:
    """Each record of a file with the number of its line, in a Parquet file of its row.

    Raises ConfigurationError when the file may not be read, or a CSV has no header.
    """
    try:
        yield from FORMATS[suffix(path)](path)
    except PermissionError:
        raise ConfigurationError(
            f"{path} may not be read. Give Takings the permission to read it, then run again."
        ) from None


def header(path: Path) -> list[str]:
    """The names in the first line of a CSV; none where it cannot be read."""
    with path.open("rb") as file:
        try:
            names = next(csv.reader([file.readline(LONGEST).removeprefix(BOM).decode()], strict=True), [])
        except (csv.Error, UnicodeDecodeError):
            return []
    names = [name.strip() for name in names]
    return names if all(names) and len({name.lower() for name in names}) == len(names) else []


def _csv(path: Path) -> Iterator[tuple[int, Record]]:
    """A row that is not UTF-8, or has another number of fields than the header, cannot be read; the next one can."""
    csv.field_size_limit(LONGEST)
    with _opened(path) as file:
        source = _Lines(file)
        rows = csv.reader(source, strict=True)
        header, why = list[str](), "it is empty"
        try:
            header = [name.strip() for name in next(rows, [])]
        except (csv.Error, *BREAKS_OFF) as error:
            why = str(error)
        if _has_halves(header):
            header, why = [], "it is not UTF-8"
        if not any(header) or len(set(header)) < len(header):
            why = "it names a column twice" if any(header) else why
            yield 1, Unreadable(f"the first line does not name the columns ({why}): nothing is read")
            return
        while True:
            source.taken.clear()
            line = source.number + 1
            try:
                fields = next(rows)
            except StopIteration:
                return
            except csv.Error as error:
                yield line, Unreadable(f"not a row of a CSV ({error})", source.beginning())
                source.go_back()
            except BREAKS_OFF as error:
                yield line, Unreadable(f"the compressed file breaks off here ({error})")
                return
            else:
                if any(fields):
                    yield line, _row(fields, header, source)


def _row(fields: list[str], header: list[str], source: _Lines) -> Record:
    if len(fields) != len(header):
        reason = f"{len(fields)} fields instead of {len(header)}"
    elif _has_halves(fields):
        reason = "not UTF-8"
    else:
        return dict(zip(header, fields, strict=True))
    beginning = source.beginning()
    source.go_back()
    return Unreadable(reason, beginning)


def _has_halves(texts: list[str]) -> bool:
    """Whether a byte that is not UTF-8 is in one of them."""
    return any("\udc80" <= letter <= "\udcff" for text in texts if not text.isascii() for letter in text)


class _Lines:
    """The lines of a file as text; a byte that is not UTF-8 becomes half a character, which no valid text has.

    `taken` are the lines of the current row. A row that cannot be read may have taken more than its own line, since a
    quote was not closed: `go_back` gives the lines after the first one again.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.number, self.size = file, 0, 0
        self.taken, self.again = list[str](), list[str]()

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self.again.pop() if self.again else self._read()
        self.number += 1
        self.taken.append(line)
        return line

    def go_back(self) -> None:
        self.number -= len(self.taken) - 1
        self.again += reversed(self.taken[1:])

    def beginning(self) -> bytes:
        return self.taken[0].rstrip("\r\n").encode(errors="surrogateescape") if self.taken else b""

    def _read(self) -> str:
        line = self.file.readline(LONGEST)
        if not line:
            raise StopIteration
        line = line if self.size else line.removeprefix(BOM)
        self.size += len(line)
        if self.size > MOST_UNCOMPRESSED and isinstance(self.file, gzip.GzipFile):
            raise EOFError(f"it has more than {MOST_UNCOMPRESSED} bytes uncompressed: the rest is not read")
        return line.decode(errors="surrogateescape")


def _array(path: Path) -> Iterator[tuple[int, Record]]:
    """The objects of one array. Where one is not JSON, nothing says where the next begins: the rest is not read."""
    with _opened(path) as file:
        text, line, at_end, inside = "", 1, False, False
        while True:
            start = len(text) - len(text.lstrip(" \t\r\n," if inside else " \t\r\n\ufeff"))
            line, text = line + text.count("\n", 0, start), text[start:]
            if not inside and text:
                if not text.startswith("["):
                    yield line, Unreadable("not one array of JSON: it does not begin with [", text[:200].encode())
                    return
                text, inside = text[1:], True
                continue
            if text.startswith("]"):
                yield from _after_array(text[1:], file, line)
                return
            try:
                _, end = _SPLITTER.raw_decode(text) if text else (None, 0)
            except (ValueError, RecursionError) as error:
                if at_end or len(text) > LONGEST:
                    yield line, Unreadable(f"not JSON from here on ({error}): the rest of the file is not read")
                    return
                end = 0
            if end and (end < len(text) or at_end):
                yield line, text[:end].encode(errors="surrogateescape")
                line, text = line + text.count("\n", 0, end), text[end:]
            elif at_end:
                yield line, Unreadable("the file breaks off here: its array is not closed")
                return
            else:
                try:
                    piece = file.read(CHUNK) + file.readline(LONGEST)  # a whole line has whole characters
                except BREAKS_OFF as error:
                    yield line, Unreadable(f"the compressed file breaks off here ({error})")
                    return
                text, at_end = text + piece.decode(errors="surrogateescape"), not piece


def _after_array(text: str, file: BinaryIO, line: int) -> Iterator[tuple[int, Record]]:
    """What follows an array, such as a second one that a program appended, is not read."""
    try:
        while not text.strip() and (piece := file.read(CHUNK)):
            line, text = line + text.count("\n"), piece.decode(errors="surrogateescape")
    except BREAKS_OFF as error:
        yield line, Unreadable(f"the compressed file breaks off here ({error})")
        return
    if rest := text.lstrip():
        line += text[: len(text) - len(rest)].count("\n")
        beginning = rest[:200].encode(errors="surrogateescape")
        yield line, Unreadable("the array ends before here: what follows it is not read", beginning)


def _parquet(path: Path) -> Iterator[tuple[int, Record]]:
    try:
        yield from enumerate(parquet.rows(path), 1)
    except ValueError as error:
        yield 1, Unreadable(f"not a Parquet file that can be read ({str(error)[:200]})")


def _opened(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


FORMATS: dict[str, Callable[[Path], Iterator[tuple[int, Record]]]] = {
    ".csv": _csv,
    ".csv.gz": _csv,
    ".json": _array,
    ".json.gz": _array,
    ".jsonl": lines,
    ".jsonl.gz": lines,
    ".parquet": _parquet,
}

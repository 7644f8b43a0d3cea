"""Large files of records: their plain rows are converted block by block, and the others are left to be read one by one.

A block of JSON lines is converted as it is. Where that is not possible (a byte that is not UTF-8, a line that is too
long), and for the other formats, its records are written as JSON lines first. A CSV of plain rows is one block.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from connectors.files import formats
from connectors.files.formats import Record
from connectors.files.reading import BOM, LONGEST, EventFile, lines
from connectors.sync.landing import LandedWindow
from connectors.sync.line_forms import LineForm, form_of
from connectors.sync.plain_records import Converted, Lines, PlainRecords

BLOCK = 64_000_000  # bytes that are converted at once
LINES_IN_A_BLOCK = 200_000
SAMPLE = 1_000  # lines of a block that show which fields it has
MOST_UNKNOWN = 20  # fields that the contract does not have and that are converted with the others
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_ .-]{0,60}")
_SEPARATOR = b"\x01"
_NOT_IN_LINES = (b"\x00", _SEPARATOR, b"\r")

Numbered = tuple[int, Record]


@dataclass
class PlainFile:
    """One file that is landed; afterwards `rows` and `unknown` say what was converted."""

    landed: LandedWindow
    file: EventFile
    plain: PlainRecords
    rows: int = 0
    unknown: Counter[str] = field(default_factory=Counter)

    def others(self) -> Iterator[Numbered]:
        """Convert the plain rows; yields the records that are not plain, block by block, with their lines."""
        kind = formats.suffix(self.file.path)
        if kind == ".csv" and self._is_plain_csv():
            return
        at = number = 0
        if kind == ".jsonl":
            with self.file.path.open("rb") as file:
                while block := _block(file.read(BLOCK), file.readline(LONGEST + 2), is_first=at == 0):
                    is_whole = block.endswith(b"\n") or file.tell() == self.file.size
                    converted = self._convert(block, number + 1) if is_whole and _is_text(block) else None
                    if converted is None:
                        break
                    for line, text in converted.others:
                        if bare := text.encode().strip():
                            yield line, bare
                    at, number = file.tell(), number + block.count(b"\n") + (not block.endswith(b"\n"))
                else:
                    return
        records = lines(self.file.path, at, number) if at else formats.records(self.file.path)
        yield from self._others_of(records)

    def _is_plain_csv(self) -> bool:
        header = formats.header(self.file.path)
        unknown = tuple(name for name in header if name not in self.plain.contract.by_name)
        if not header or not all(_NAME.fullmatch(name) for name in unknown):
            return False
        target = self._target()
        converted = replace(self.plain, unknown=unknown).convert_csv(self.file.path, header, target)
        return converted is not None and self._add(converted, target)

    def _others_of(self, records: Iterator[Numbered]) -> Iterator[Numbered]:
        """The same for records of any format."""
        while some := list(islice(records, LINES_IN_A_BLOCK)):
            written, left = list[bytes](), list[Numbered]()
            of_json = False
            for line, record in some:
                of_json = of_json or isinstance(record, bytes)
                text = _as_line(record)
                if text is None:
                    left.append((line, record))
                else:
                    written.append(b"%d%b%b" % (line, _SEPARATOR, text))
            converted = self._convert(b"\n".join(written), None) if written else Converted()
            if converted is None:
                yield from some
                continue
            texts = [(line, text.encode() if of_json else json.loads(text)) for line, text in converted.others]
            yield from sorted([*left, *texts], key=lambda one: one[0])

    def _convert(self, block: bytes, first: int | None) -> Converted | None:
        """Convert one block of lines; None where that is not possible."""
        sample = [
            line if first else line.partition(_SEPARATOR)[2] for line in block[: SAMPLE * 1_000].split(b"\n")[:SAMPLE]
        ]
        form, unknown = _fields(sample, self.plain)
        path, target = self._target().with_suffix(".lines.tmp"), self._target()
        path.write_bytes(block)
        try:
            converted = replace(self.plain, unknown=unknown).convert_lines(Lines(path, first), form, target)
        except ValueError:
            return None
        finally:
            path.unlink()
        self._add(converted, target)
        return converted

    def _target(self) -> Path:
        return self.landed.next_part().with_suffix(".parquet")

    def _add(self, converted: Converted, target: Path) -> bool:
        if converted.rows:
            self.rows += converted.rows
            self.unknown.update(converted.unknown)
            self.landed.manifest.written += converted.rows
            self.landed.add_part(target)
        return True


def _block(read: bytes, rest: bytes, *, is_first: bool) -> bytes:
    """A block of whole lines, with the line ends of Unix."""
    block = (read + rest).removeprefix(BOM) if is_first else read + rest
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n")
    return block


def _is_text(block: bytes) -> bool:
    """Whether a block has none of the characters that mean something else where it is converted."""
    return not any(byte in block for byte in _NOT_IN_LINES)


def _as_line(record: Record) -> bytes | None:
    """A record as one line of JSON; None for what cannot be one."""
    if isinstance(record, dict):
        return msgspec.json.encode(record)
    if not isinstance(record, bytes):
        return None
    line = record.replace(b"\n", b" ") if b"\n" in record else record
    try:
        line.decode()
    except UnicodeDecodeError:
        return None
    return line if _is_text(line) else None


def _fields(sample: list[bytes], plain: PlainRecords) -> tuple[LineForm, tuple[str, ...]]:
    """The form of most objects that can be read, and the unknown fields of all, as far as they can be converted."""
    records, unknown = list[tuple[bytes, dict[str, Any]]](), dict[str, str]()
    known = {name.lower() for name in plain.contract.by_name}
    for line in sample:
        try:
            record = msgspec.json.decode(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            records.append((line, record))
            unknown |= {name.lower(): name for name in record if name.lower() not in known and _NAME.fullmatch(name)}
    chosen = tuple(list(unknown.values())[:MOST_UNKNOWN])
    return form_of(records, as_json=chosen), chosen

"""Land the files of a contract: each record that can be loaded, the first ones that cannot, then the file itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from connectors.contracts import Contract, RecordReader, Rejected, Row
from connectors.contracts.reading import encoded
from connectors.contracts.values import Clock
from connectors.files import formats, questions
from connectors.files.formats import Record
from connectors.files.plain_files import PlainFile
from connectors.files.reading import KEPT, MOST_REJECTS, EventFile, Unreadable, unnamed_rejects
from connectors.sync.landing import LandedWindow
from connectors.sync.loop import PullContext
from connectors.sync.plain_records import PlainRecords

SMALL = 1_000_000  # bytes of a file that is read row by row at once
NAMED = 5  # files or pairs of them in a warning
UNFINISHED = (".tmp", ".part")  # a program that writes a file gives it another name until it is whole
LINES_A_PART, BYTES_A_PART = 100_000, 64_000_000  # what is in memory at once


@dataclass
class RecordFiles:
    """The files of one contract in one pull, and what a person should know of them afterwards."""

    context: PullContext
    folder: Path
    contract: Contract
    now: datetime
    keep_text: bool
    unknown: Counter[tuple[str, str]] = field(default_factory=Counter)
    no_ids: Counter[tuple[str, str]] = field(default_factory=Counter)
    halves: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)

    def land(self, landed: LandedWindow) -> None:
        """Land every file that is new or has changed, or was read for another zone."""
        landed.restart()
        for counts in (self.unknown, self.no_ids, self.halves, self.rows):
            counts.clear()
        files = self._changed()
        for part in parts(self._records(files, landed)):
            landed.write_part(part)
        landed.seal()

    def warnings(self) -> tuple[str, ...]:
        """What a person should know of the files that were read, one line per kind and contract."""
        return (*self._of_values(), *self._of_ids(), *self._of_copies(), *self._of_files())

    @property
    def _read_as(self) -> str:
        return f"{self.context.time_zone}{', with texts' if self.keep_text and self.contract.private else ''}"

    def _files(self) -> list[EventFile]:
        return formats.find(self.folder, self.contract.name)

    def _changed(self) -> list[EventFile]:
        known = {
            name: (size, modified, read_as)
            for name, size, modified, again_at, read_as in self.context.reader.rows(questions.files_of(self.contract))
            if again_at is None or again_at > self.now.timestamp()
        }
        return [file for file in self._files() if known.get(file.name) != (file.size, file.modified, self._read_as)]

    def _records(self, files: list[EventFile], landed: LandedWindow) -> Iterator[bytes]:
        reader = RecordReader(
            self.contract, ZoneInfo(self.context.time_zone), self.now, keep_text=self.keep_text
        )  # fmt: skip
        for number, file in enumerate(files, 1):
            if file.size < SMALL:
                yield from self._records_of(file, formats.records(file.path), reader)
            else:
                yield from self._records_of_large(file, landed, reader)
            self.context.progress(self.contract.name, number, len(files), file.name)

    def _records_of_large(self, file: EventFile, landed: LandedWindow, reader: RecordReader) -> Iterator[bytes]:
        """Land the plain rows of a file, which costs a tenth; yields the records of the others."""
        clock, keep_text = (
            Clock(ZoneInfo(self.context.time_zone), self.now),
            self.keep_text and bool(reader.contract.private),
        )
        plain = PlainFile(landed, file, PlainRecords(self.contract, clock, keep_text, file.name))
        yield from self._records_of(file, plain.others(), reader)
        self.rows[file.name] += plain.rows
        self.unknown.update({(file.name, name): count for name, count in plain.unknown.items()})

    def _records_of(
        self, file: EventFile, records: Iterator[tuple[int, Record]], reader: RecordReader
    ) -> Iterator[bytes]:
        rejects, first_unnamed, again_at = 0, 0, None
        for line, record in records:
            row = read(reader, record)
            if isinstance(row, Row):
                self._count(file.name, row)
                landed: dict[str, Any] = {"kind": "row", "file": file.name, "line": line, "row": row.columns}
                yield encoded(landed | {"more": row.unknown} if row.unknown else landed)
                continue
            rejects += 1
            again_at = min(filter(None, (again_at, row.again_at)), default=None)
            if rejects <= MOST_REJECTS:
                yield encoded({"kind": "row", "file": file.name, "line": line, "broken": row.reason,
                               "text": self._beginning(record)})  # fmt: skip
            first_unnamed = first_unnamed or (line if rejects > MOST_REJECTS else 0)
        if rejects > MOST_REJECTS:
            reason = unnamed_rejects(rejects - MOST_REJECTS)
            yield encoded({"kind": "row", "file": file.name, "line": first_unnamed, "broken": reason})
        yield self._read(file, again_at)

    def _read(self, file: EventFile, again_at: datetime | None) -> bytes:
        """The record of a file that was read."""
        return encoded({"kind": "file", "file": file.name, "size": file.size, "modified": file.modified,
                        "again_at": again_at and int(again_at.timestamp()), "read_as": self._read_as})  # fmt: skip

    def _count(self, file: str, row: Row) -> None:
        self.rows[file] += 1
        if row.unknown:
            self.unknown.update((file, name) for name in row.unknown)
        if row.no_ids:
            self.no_ids.update(row.no_ids)
        if row.halves:
            self.halves[file] += row.halves

    def _beginning(self, record: Record) -> str | None:
        """The beginning of a rejected record; nothing where that may hold a text that is not kept."""
        if self.contract.private and not self.keep_text:
            return None
        written = record.beginning if isinstance(record, Unreadable) else record
        if written is None:
            return None
        text = written.decode(errors="backslashreplace") if isinstance(written, bytes) else repr(written)
        return text[:KEPT]

    def _of_values(self) -> Iterator[str]:
        if self.unknown:
            counts = ", ".join(f"{name!r} in {file}: {count}" for (file, name), count in _sorted(self.unknown))
            yield (
                f"{self.folder}: fields that {self.contract.name} does not have were kept in the landing zone and not "
                f"loaded, with the number of rows that have them: {counts}. docs/guides/files.md lists the fields."
            )
        if self.no_ids:
            counts = ", ".join(f"{name} {word!r} {count} times" for (name, word), count in _sorted(self.no_ids))
            yield (
                f"{self.folder}: ids of {self.contract.name} that are a word for no id count as absent: {counts}. "
                "Correct the program that writes them."
            )
        if self.halves:
            counts = ", ".join(f"{count} in {file}" for file, count in _sorted(self.halves))
            yield (
                f"{self.folder}: broken characters in texts (half an emoji) were replaced with "
                f"\N{REPLACEMENT CHARACTER}: {counts}. Correct the program that writes them."
            )

    def _of_copies(self) -> Iterator[str]:
        """Files of a contract without ids that have the same rows: one is a copy of the other, goes on where it ended,
        or was renamed after it was read."""
        if self.contract.key is not None or not self.rows:
            return
        if len(self.context.reader.rows(questions.rows_by_file(self.contract))) < 2:
            return
        pairs = self.context.reader.rows(questions.same_entries(self.contract))
        for one, other, count in pairs[:NAMED]:
            yield (
                f"{self.folder}: {one} and {other} brought the same {count} rows, which count twice. If one holds the "
                "other or was renamed, leave an empty file of the other's name: that removes its rows."
            )
        if len(pairs) > NAMED:
            yield f"{self.folder}: {len(pairs) - NAMED} more pairs of files of {self.contract.name} share rows."

    def _of_ids(self) -> Iterator[str]:
        """Rows of a file that are not there, since another row of the file has their id."""
        if self.contract.key is None or not self.rows:
            return
        loaded = dict(self.context.reader.rows(questions.rows_by_file(self.contract)))
        for file, count in sorted(self.rows.items()):
            if repeated := count - loaded.get(file, 0):
                order = f"the newest {self.contract.version}, then " if self.contract.version else ""
                yield (
                    f"{self.folder / file}: rows with the {self.contract.key} of another row of the file: {repeated}. "
                    f"Of these, {order}the last line counts."
                )

    def _of_files(self) -> Iterator[str]:
        loaded = {row[0] for row in self.context.reader.rows(questions.files_of(self.contract))}
        lost = sorted(name for name in loaded - {file.name for file in self._files()} if "/" not in name)
        if lost:
            yield (
                f"{self.folder}: {_listed(lost)} "
                f"{'are' if len(lost) > 1 else 'is'} gone: the rows that were read from "
                f"{'them' if len(lost) > 1 else 'it'} stay. A file of that name without rows removes them."
            )
        others = formats.others(self.folder, self.contract.name)
        if others := [name for name in others if not name.endswith(UNFINISHED)]:
            yield (
                f"{self.folder}: {_listed(others)} {'are' if len(others) > 1 else 'is'} not read: the name ends in "
                f"none of {', '.join(formats.FORMATS)}."
            )


def read(reader: RecordReader, record: Record) -> Row | Rejected:
    """What is loaded of a record of a file, or why nothing is."""
    if isinstance(record, bytes):
        return reader.read_json(record)
    if isinstance(record, Unreadable):
        return Rejected(record.reason)
    return reader.read(record)


def parts(records: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Records in parts of at most LINES_A_PART records, and of hardly more than BYTES_A_PART bytes."""
    part, size = list[bytes](), 0
    for record in records:
        part.append(record)
        size += len(record)
        if len(part) == LINES_A_PART or size >= BYTES_A_PART:
            yield part
            part, size = [], 0
    if part:
        yield part


def _listed(names: list[str]) -> str:
    """The first of some names, and how many more there are."""
    return f"{', '.join(names[:NAMED])}{f' and {len(names) - NAMED} more' if len(names) > NAMED else ''}"


def _sorted(counts: Counter[Any]) -> list[tuple[Any, int]]:
    return sorted(counts.items())

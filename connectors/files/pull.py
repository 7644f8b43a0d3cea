"""Pull one folder: check it, then land and load events, the sheets, and the records of the contracts.

An event file that is new or has changed is read as a whole; an event counts once, by its id. An interrupted pull reads
its files again; a repeated one changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from pathlib import Path

import msgspec

from connectors.base import Account, Pulled
from connectors.contracts import CONTRACTS
from connectors.errors import ConfigurationError
from connectors.files import formats, questions
from connectors.files.event_lines import Rejected, read_event
from connectors.files.reading import KEPT, MOST_REJECTS, EventFile, Unreadable, find, lines, unnamed_rejects
from connectors.files.record_files import RecordFiles, parts
from connectors.files.settings import FilesSettings
from connectors.files.streams import EVENTS, SHEETS, STREAMS, Sheet
from connectors.files.validation import Row, read_sheet
from connectors.sync.landing import LandedWindow
from connectors.sync.loop import Land, PullContext, pull_stream
from connectors.sync.reader import Reader


@dataclass(frozen=True)
class _Reading:
    """One pull's reading of events: the clock, and how often which word stood for no id, by (field, word)."""

    now: datetime
    no_ids: Counter[tuple[str, str]] = field(default_factory=Counter)


def pull(context: PullContext, settings: FilesSettings) -> Iterator[Pulled]:
    """Pull everything that is new in one folder, `account.base_url`, stream by stream; yields what each stream did.

    Raises ConfigurationError, before anything is loaded, when the folder is missing or a CSV has other columns. Single
    lines that cannot be read are rejected: takings.rejects names their file and line.
    """
    account, folder = context.account, Path(context.account.base_url)
    sheets = _check(account, folder)
    context.staging.prepare(account.source, STREAMS)
    reading = _Reading(context.clock().replace(microsecond=0))  # a window is named by the second
    steps: dict[str, Land] = {EVENTS.name: partial(_land_events, context, folder, reading)}
    for sheet in SHEETS:
        steps[sheet.name] = partial(_land_sheet, context.reader, sheet, sheets[sheet.name], reading.now)
    files = {
        contract.name: RecordFiles(context, folder, contract, reading.now, settings.keep_text) for contract in CONTRACTS
    }
    steps |= {name: records.land for name, records in files.items()}
    for stream in STREAMS:
        result = pull_stream(context, stream, reading.now, steps[stream.name], every_pull=True)
        if stream.name in files:
            yield replace(result, warnings=result.warnings + files[stream.name].warnings())
            continue
        warnings = _warnings(context.reader, folder, stream.name, sheets)
        if stream is EVENTS:
            warnings += _no_id_warnings(folder, reading)
        yield replace(result, warnings=result.warnings + warnings)


def _no_id_warnings(folder: Path, reading: _Reading) -> tuple[str, ...]:
    """The warning for words such as `undefined` in place of ids."""
    if not reading.no_ids:
        return ()
    counts = ", ".join(f"{name} {word!r} {count} times" for (name, word), count in sorted(reading.no_ids.items()))
    return (
        f"{folder}/events: ids that are a word for no id count as absent: {counts}. Correct the program that writes "
        "them.",
    )


def _check(account: Account, folder: Path) -> dict[str, list[Row] | None]:
    """Each CSV's rows, None for a missing file. Raises ConfigurationError with every mistake."""
    if not folder.is_dir():
        raise ConfigurationError(
            f"Files source {account.account} of tenant {account.tenant_id}: there is no folder {folder}. Make it, or "
            "correct `path` in takings.toml (it is relative to the folder of takings.toml)."
        )
    sheets: dict[str, list[Row] | None] = {}
    mistakes: list[str] = []
    for sheet in SHEETS:
        path = folder / sheet.file
        try:
            sheets[sheet.name] = read_sheet(path, sheet) if path.is_file() else None
        except ConfigurationError as error:
            mistakes.append(str(error))
    if mistakes:
        raise ConfigurationError("\n".join(mistakes))
    return sheets


def _warnings(reader: Reader, folder: Path, stream: str, sheets: dict[str, list[Row] | None]) -> tuple[str, ...]:
    if stream == EVENTS.name:
        records = [file for contract in CONTRACTS for file in formats.find(folder, contract.name)]
        if not (
            records
            or find(folder, "events", "*.jsonl", "*.jsonl.gz")
            or any(rows is not None for rows in sheets.values())
        ):
            names = ", ".join([*(f"no {sheet.file}" for sheet in SHEETS), *(f"no {one.name}.*" for one in CONTRACTS)])
            return (f"{folder} has nothing to read: no events/*.jsonl(.gz), {names}. docs/guides/files.md shows what "
                    "they look like.",)  # fmt: skip
        return ()
    sheet = next(sheet for sheet in SHEETS if sheet.name == stream)
    if sheets[stream] is None and _days_held(reader, sheet):
        return (
            f"{folder / stream}.csv is gone: the rows that were read from it stay. A file with only its first line "
            "removes them.",
        )
    return ()


def _land_events(context: PullContext, folder: Path, reading: _Reading, landed: LandedWindow) -> None:
    """Land the lines of every file that is new or has changed, each followed by a record of the file itself."""
    known = {
        name: (size, modified)
        for name, size, modified, again_at in context.reader.rows(questions.FILES_READ)
        if again_at is None or again_at > reading.now.timestamp()
    }
    files = [
        file
        for file in find(folder, "events", "*.jsonl", "*.jsonl.gz")
        if known.get(file.name) != (file.size, file.modified)
    ]
    landed.restart()
    for part in parts(_records(files, context, reading)):
        landed.write_part(part)
    landed.seal()


def _records(files: list[EventFile], context: PullContext, reading: _Reading) -> Iterator[bytes]:
    for number, file in enumerate(files, 1):
        yield from _records_of(file, reading)
        context.progress(EVENTS.name, number, len(files), file.name)


def _records_of(file: EventFile, reading: _Reading) -> Iterator[bytes]:
    """A record of each line that can be loaded and of the first MOST_REJECTS that cannot, then one of the file."""
    place, rejects, first_unnamed, again_at = msgspec.json.encode(file.name), 0, 0, None
    for number, line in lines(file.path):
        event = read_event(line, reading.now) if isinstance(line, bytes) else Rejected(line.reason)
        if not isinstance(event, Rejected):
            reading.no_ids.update(event.no_ids)
            text = b',"text":%b' % msgspec.json.encode(_text(line)) if event.is_changed else b""
            yield b'{"kind":"line","file":%b,"line":%d,"event":%b%b}' % (place, number, event.json, text)
            continue
        rejects += 1
        again_at = min(filter(None, (again_at, event.again_at)), default=None)
        if rejects <= MOST_REJECTS:
            yield _encoded(kind="line", file=file.name, line=number, broken=event.reason, text=_text(line))
        first_unnamed = first_unnamed or (number if rejects > MOST_REJECTS else 0)
    if rejects > MOST_REJECTS:
        reason = unnamed_rejects(rejects - MOST_REJECTS)
        yield _encoded(kind="line", file=file.name, line=first_unnamed, broken=reason, text=None)
    yield _encoded(kind="file", file=file.name, size=file.size, modified=file.modified,
                   again_at=again_at and int(again_at.timestamp()))  # fmt: skip


def _text(line: bytes | Unreadable) -> str | None:
    """A line as it was written, or its beginning, for the landing zone."""
    written = line if isinstance(line, bytes) else line.beginning
    return None if written is None else written[:KEPT].decode(errors="backslashreplace")


def _land_sheet(reader: Reader, sheet: Sheet, rows: list[Row] | None, now: datetime, landed: LandedWindow) -> None:
    """Land all rows of the file; they replace all days from the first to the last one, here or in staging."""
    landed.restart()
    if rows is not None:
        held = _days_held(reader, sheet)
        days = sorted([date.fromisoformat(row.day) for row in rows if row.day] + list(held))
        if days:
            landed.cover(days[0], days[-1])
        records = [_encoded(kind="line", file=sheet.file, line=row.line, broken=row.broken,
                            **{"text" if row.broken else "row": row.values}) for row in rows]  # fmt: skip
        landed.write_part([*records, _encoded(kind="file", file=sheet.file)])
    landed.seal()


def _days_held(reader: Reader, sheet: Sheet) -> tuple[date, ...]:
    """The first and the last day that staging has rows of."""
    row = reader.first(questions.days_held(sheet))
    return (row[0], row[1]) if row and row[0] else ()


def _encoded(**record: object) -> bytes:
    return msgspec.json.encode(record)

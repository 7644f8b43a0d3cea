"""Pull one folder: check it, then land and load events, operating expenses and cash balances.

An event file that is new or has changed is read as a whole; an event counts once, by its id. An interrupted pull reads
its files again; a repeated one changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import partial
from itertools import islice
from pathlib import Path

import msgspec

from connectors.base import Account, Progress, Pulled
from connectors.errors import ConfigurationError
from connectors.files import questions
from connectors.files.reading import EventFile, Truncated, find, lines
from connectors.files.settings import FilesSettings
from connectors.files.streams import EVENTS, SHEETS, STREAMS, Sheet
from connectors.files.validation import Row, read_sheet, why_not_an_event
from connectors.sync.landing import LandedWindow
from connectors.sync.loop import Land, PullContext, pull_stream
from connectors.sync.reader import Reader

LINES_A_PART = 100_000


def pull(context: PullContext, settings: FilesSettings) -> Iterator[Pulled]:
    """Pull everything that is new in one folder, `account.base_url`, stream by stream; yields what each stream did.

    Raises ConfigurationError, before anything is loaded, when the folder is missing or a CSV has other columns. Single
    lines that cannot be read are rejected: takings.rejects names their file and line.
    """
    del settings
    account, folder = context.account, Path(context.account.base_url)
    sheets = _check(account, folder)
    context.staging.prepare(account.source, STREAMS)
    until = context.clock().replace(microsecond=0)  # a window is named by the second
    steps: dict[str, Land] = {EVENTS.name: partial(_land_events, context, folder)}
    for sheet in SHEETS:
        steps[sheet.name] = partial(_land_sheet, context.reader, sheet, sheets[sheet.name])
    for stream in STREAMS:
        result = pull_stream(context, stream, until, steps[stream.name])
        yield replace(result, warnings=_warnings(context.reader, folder, stream.name, sheets))


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
        if not find(folder, "events", "*.jsonl", "*.jsonl.gz") and all(rows is None for rows in sheets.values()):
            return (f"{folder} has nothing to read: no events/*.jsonl(.gz), no operating_expenses.csv, no "
                    "cash_balances.csv. docs/guides/files.md shows what they look like.",)  # fmt: skip
        return ()
    sheet = next(sheet for sheet in SHEETS if sheet.name == stream)
    if sheets[stream] is None and _days_held(reader, sheet):
        return (
            f"{folder / stream}.csv is gone: the rows that were read from it stay. A file with only its first line "
            "removes them.",
        )
    return ()


def _land_events(context: PullContext, folder: Path, landed: LandedWindow) -> None:
    """Land the lines of every file that is new or has changed, each followed by a record of the file itself."""
    known = {name: (size, modified) for name, size, modified in context.reader.rows(questions.FILES_READ)}
    files = [
        file
        for file in find(folder, "events", "*.jsonl", "*.jsonl.gz")
        if known.get(file.name) != (file.size, file.modified)
    ]
    landed.restart()
    records = _records(files, context.progress)
    while part := list(islice(records, LINES_A_PART)):
        landed.write_part(part)
    landed.seal()


def _records(files: list[EventFile], progress: Progress) -> Iterator[bytes]:
    for number, file in enumerate(files, 1):
        place = msgspec.json.encode(file.name)
        for number_of_line, line in lines(file.path):
            broken = line.reason if isinstance(line, Truncated) else why_not_an_event(line)
            if broken is None and isinstance(line, bytes):
                yield b'{"kind":"line","file":%b,"line":%d,"event":%b}' % (place, number_of_line, line)
            else:
                text = line.decode(errors="backslashreplace") if isinstance(line, bytes) else None
                yield _encoded(kind="line", file=file.name, line=number_of_line, broken=broken, text=text)
        yield _encoded(kind="file", file=file.name, size=file.size, modified=file.modified)
        progress(EVENTS.name, number, len(files), file.name)


def _land_sheet(reader: Reader, sheet: Sheet, rows: list[Row] | None, landed: LandedWindow) -> None:
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

"""Pull one folder: check it, then events, operating expenses and cash balances: land, load, remember what was read.

An event file is read when it is new or has changed, and then as a whole; an event counts once, by its id. An
interrupted pull begins its files anew; one that is repeated changes nothing.
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
from connectors.files.reading import Found, Torn, find, lines
from connectors.files.settings import FilesSettings
from connectors.files.streams import EVENTS, SHEETS, STREAMS, Sheet
from connectors.files.validation import Row, read_sheet, why_not_an_event
from connectors.sync.landing import LandedWindow
from connectors.sync.loop import Land, PullContext, pull_stream
from connectors.sync.reader import Reader

LINES_A_PART = 100_000


def pull(context: PullContext, settings: FilesSettings) -> Iterator[Pulled]:
    """Bring everything that is new in one folder, `account.base_url`, stream by stream; yields what each stream did.

    Raises ConfigurationError, before anything is loaded, where the folder is missing or a CSV has other columns; what
    cannot be read line by line is rejected: takings.rejects names its file and line.
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
    """Each CSV's rows, None where there is no such file. Raises ConfigurationError with all that is wrong."""
    if not folder.is_dir():
        raise ConfigurationError(
            f"Files source {account.account} of tenant {account.tenant_id}: there is no folder {folder}. Make it, or "
            "correct `path` in takings.toml (it is taken from where takings.toml stands)."
        )
    read: dict[str, list[Row] | None] = {}
    wrong: list[str] = []
    for sheet in SHEETS:
        path = folder / sheet.file
        try:
            read[sheet.name] = read_sheet(path, sheet) if path.is_file() else None
        except ConfigurationError as error:
            wrong.append(str(error))
    if wrong:
        raise ConfigurationError("\n".join(wrong))
    return read


def _warnings(reader: Reader, folder: Path, stream: str, sheets: dict[str, list[Row] | None]) -> tuple[str, ...]:
    if stream == EVENTS.name:
        if not find(folder, "events", "*.jsonl", "*.jsonl.gz") and all(rows is None for rows in sheets.values()):
            return (f"{folder} holds nothing to read: no events/*.jsonl(.gz), no operating_expenses.csv, no "
                    "cash_balances.csv. docs/guides/files.md shows what they look like.",)  # fmt: skip
        return ()
    sheet = next(sheet for sheet in SHEETS if sheet.name == stream)
    if sheets[stream] is None and _days_held(reader, sheet):
        return (
            f"{folder / stream}.csv is gone: the rows that were read of it stay. A file with nothing but its first "
            "line takes them away.",
        )
    return ()


def _land_events(context: PullContext, folder: Path, landed: LandedWindow) -> None:
    """The lines of every file that is new or has changed, each file's own record behind them."""
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


def _records(files: list[Found], progress: Progress) -> Iterator[bytes]:
    for number, file in enumerate(files, 1):
        place = msgspec.json.encode(file.name)
        for line, told in lines(file.path):
            broken = told.reason if isinstance(told, Torn) else why_not_an_event(told)
            if broken is None and isinstance(told, bytes):
                yield b'{"kind":"line","file":%b,"line":%d,"event":%b}' % (place, line, told)
            else:
                text = told.decode(errors="backslashreplace") if isinstance(told, bytes) else None
                yield _encoded(kind="line", file=file.name, line=line, broken=broken, text=text)
        yield _encoded(kind="file", file=file.name, size=file.size, modified=file.modified)
        progress(EVENTS.name, number, len(files), file.name)


def _land_sheet(reader: Reader, sheet: Sheet, rows: list[Row] | None, landed: LandedWindow) -> None:
    """All rows of the file; the days that they and the stored ones reach over are replaced."""
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
    """The first and the last day that staging holds rows of."""
    row = reader.first(questions.days_held(sheet))
    return (row[0], row[1]) if row and row[0] else ()


def _encoded(**record: object) -> bytes:
    return msgspec.json.encode(record)

"""Pull what was collected: land the lines that are new in each file, load them with how far each file has been read.

The web application may append meanwhile: a pull takes the whole lines that are there. A file that nobody writes any
more, and that an earlier pull has read and loaded to its end, is removed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec

from common import collected
from common.collected import Line
from connectors.base import Pulled
from connectors.collector import questions
from connectors.collector.settings import CollectorSettings
from connectors.collector.streams import COLLECTED, STREAMS
from connectors.sync.landing import LandedWindow
from connectors.sync.loop import PullContext, pull_stream
from connectors.sync.reader import Reader

LINES_A_PART = 50_000  # lines of at most a few kilobytes: what is in memory at once
Position = tuple[int, int]
"""Bytes and lines of a file that have been read."""


class _Stored(msgspec.Struct):
    """A line's record; `row` stays as it is."""

    contract: str
    received_at: str
    row: msgspec.Raw
    key: str | None = None


def pull(context: PullContext, settings: CollectorSettings) -> Iterator[Pulled]:
    """Pull everything that was collected for one account, in the folder `account.base_url`."""
    del settings
    folder = Path(context.account.base_url)
    context.staging.prepare(context.account.source, STREAMS)
    warnings = _remove_read(folder, _positions(context.reader))
    until = context.clock().replace(microsecond=0)  # a window is named by the second
    result = pull_stream(context, COLLECTED, until, partial(_land, context, folder), every_pull=True)
    yield replace(result, warnings=result.warnings + warnings)


def _positions(reader: Reader) -> dict[str, Position]:
    return {name: (size, lines) for name, size, lines in reader.rows(questions.FILES_READ)}


def _remove_read(folder: Path, positions: dict[str, Position]) -> tuple[str, ...]:
    """Remove each complete file whose lines are all in staging. Returns a warning for each that ends within a line."""
    warnings = []
    for path in collected.files(folder):
        if not collected.is_complete(path):
            continue
        offset, number = positions.get(path.name, (0, 0))
        if next(collected.lines(path, offset, number), None) is not None:
            continue  # the pull that follows reads it
        rest = path.stat().st_size - offset
        if rest >= collected.LONGEST_LINE:
            warnings.append(
                f"{path} cannot be read after line {number:,}: it has no line end in {rest:,} bytes. The disk may be "
                "damaged. The file stays; what is before that line was loaded."
            )
            continue
        if rest:
            warnings.append(
                f"{path} ended within a line, {rest:,} bytes after line {number:,}: the web application ended while "
                "it wrote. Its sender got no answer and sends it again; the part was removed with its file."
            )
        path.unlink()
    return tuple(warnings)


def _land(context: PullContext, folder: Path, landed: LandedWindow) -> None:
    """Land the new lines of each file, then how far it has been read."""
    landed.restart()
    positions, part = _positions(context.reader), list[bytes]()
    files = collected.files(folder)
    for number, path in enumerate(files, 1):
        context.progress(COLLECTED.name, number, len(files), path.name)
        before = end = positions.get(path.name, (0, 0))
        for line in collected.lines(path, *before):
            part.append(_record(path.name, line))
            end = line.end, line.number
            if len(part) >= LINES_A_PART:
                landed.write_part(part)
                part = []
        if end != before:
            part.append(_encoded(file=path.name, bytes=str(end[0]), lines=str(end[1])))
    if part:
        landed.write_part(part)
    landed.seal()


def _record(file: str, line: Line) -> bytes:
    """A line as it is landed; one that the disk damaged is rejected with its place."""
    try:
        stored = msgspec.json.decode(line.record or b"", type=_Stored)
    except msgspec.MsgspecError:
        reason = "the line is not as it was written: its checksum differs. The disk may be damaged"
        return _encoded(file=f"{file}:{line.number}", bytes="unknown", broken=reason)
    own = {"key": stored.key} if stored.key else {}
    return _encoded(
        contract=stored.contract, received_at=stored.received_at, file=file, **own, **{stored.contract: stored.row}
    )


def _encoded(**record: object) -> bytes:
    return msgspec.json.encode(record)

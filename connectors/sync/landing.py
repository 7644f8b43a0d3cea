"""The landing zone: what arrived, as received, compressed, replayable.

    landing/<tenant>/<source>/<account>/<stream>/<window>/window.json
                                                          part-00000.ndjson.zst (or .parquet: plain_records.py)

A window is written part by part and then sealed. A part may be extended, by one more frame of zstd, as long as the same
process writes it: of a frame that a crash left nothing counts, since the manifest says how long the part is. A window
that is not sealed was interrupted: the next pull finds it and continues where it stopped, in a new part. A sealed one
can be loaded into staging any number of times, with no network.
"""

from __future__ import annotations

import gzip
import os
import shutil
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import zstandard

from connectors.base import Account, Window, from_stamp, stamp
from connectors.errors import ConfigurationError
from connectors.surrogates import without_halves

_LEVEL = 1  # of zstd: the next ones cost more time than the disk saves


class Manifest(msgspec.Struct, kw_only=True):
    """window.json: everything that is needed to continue a window, or to load it again."""

    start: datetime | None
    end: datetime
    run_id: str = ""
    days: tuple[date, date] | None = None
    again: bool = False
    parts: list[str] = []
    size: int | None = None  # bytes of the last part that count; None: all
    written: int = 0
    rows: int | None = None
    roots: int | None = None
    state: dict[str, str] = {}
    as_of: dict[str, datetime] = {}
    sealed: bool = False
    landed_at: datetime | None = None


def read_manifest(path: Path) -> Manifest:
    """A window.json. Raises ConfigurationError when it is not one that Takings wrote."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except msgspec.DecodeError as error:
        raise ConfigurationError(
            f"Cannot read {path}",
            str(error),
            f"Remove the folder {path.parent}; the next pull asks for its window again",
        ) from None


@dataclass
class LandedWindow:
    """One window's folder and its manifest."""

    folder: Path
    manifest: Manifest
    root: Path = field(repr=False)
    _extends: bool = field(default=False, repr=False)  # whether this object has written the last part

    @property
    def window(self) -> Window:
        """The range of the cursor that it covers, or the days that it reads again."""
        return Window(self.manifest.start, self.manifest.end, self.manifest.days if self.manifest.again else None)

    @property
    def paths(self) -> list[Path]:
        """Its parts, in the order in which they arrived."""
        return [self.folder / name for name in self.manifest.parts]

    def place(self, path: Path) -> str:
        """A part's path below the landing zone, as staging rows name it."""
        return str(path.relative_to(self.root))

    def next_part(self) -> Path:
        """The path of the next part; the same after an interruption, so that a repeat overwrites it."""
        return self.folder / f"part-{len(self.manifest.parts):05d}.ndjson"

    def write_part(self, records: Iterable[bytes], **state: str) -> int:
        """Land records as a part, one per line; `state` says where to continue. Returns the number of records.

        Line ends inside a record's JSON are removed: they mean nothing outside a text.
        """
        frame, rows = _packed(records)
        path = self.next_part().with_suffix(".ndjson.zst")
        partial = path.with_name(path.name + ".tmp")
        with partial.open("wb") as file:
            _write_durably(file, frame)
        partial.replace(path)
        self.manifest.written += rows
        self._add(path, len(frame), state)
        self._extends = True
        return rows

    def extend_part(self, records: Iterable[bytes], **state: str) -> int:
        """The same, at the end of the part that this object wrote last, since each file costs the load milliseconds.

        A new part where it has written none, or another file came after it.
        """
        if not self._extends:
            return self.write_part(records, **state)
        frame, rows = _packed(records)
        self._extend(frame)
        self.manifest.written += rows
        self.manifest.state.update(state)
        self.save()
        return rows

    def _extend(self, frame: bytes) -> None:
        path, size = self.paths[-1], self.manifest.size or 0
        with path.open("r+b") as file:
            file.truncate(size)  # an earlier try may have left something
            file.seek(size)
            _write_durably(file, frame)
        self.manifest.size = size + len(frame)

    def add_part(self, path: Path, **state: str) -> None:
        """Record a part whose file is already in the folder."""
        self._add(path, None, state)

    def _add(self, path: Path, size: int | None, state: dict[str, str]) -> None:
        self._cut_last_part()
        self.manifest.parts.append(path.name)
        self.manifest.size, self._extends = size, False
        self.manifest.state.update(state)
        self.save()

    def _cut_last_part(self) -> None:
        """Remove what a crash has left at its end."""
        size = self.manifest.size
        if size is not None and self.manifest.parts and self.paths[-1].stat().st_size > size:
            os.truncate(self.paths[-1], size)

    def replace_halves(self) -> int:
        """Replace halves of characters in parts that were landed as a file; returns how many there were."""
        count = 0
        for path in self.paths:
            if path.suffix not in (".ndjson", ".gz"):
                continue  # written by us, from responses without halves
            unzipped: Callable[..., Any] = gzip.open if path.suffix == ".gz" else open
            partial = path.with_name(path.name + ".tmp")
            replaced = 0
            try:
                with unzipped(path, "rb") as lines, unzipped(partial, "wb") as out:
                    for landed in lines:
                        line, halves = without_halves(landed)
                        replaced += halves
                        out.write(line)
            except (EOFError, gzip.BadGzipFile, zlib.error):
                replaced = 0  # the file breaks off: it is fetched again
            if replaced:
                partial.replace(path)
            else:
                partial.unlink()
            count += replaced
        return count

    def cover(self, first: date, last: date) -> None:
        """The days, both included, that this window replaces in tables that are replaced by slice."""
        self.manifest.days = (first, last)
        self.save()

    def remember(self, **state: str) -> None:
        """Save the position (a bulk operation's id, a page's cursor) for the case of an interruption."""
        self.manifest.state.update(state)
        self.save()

    def resumed_at(self, at: datetime) -> None:
        """Record that the next parts show the state at `at`, not at the window's end, since it was interrupted."""
        self.manifest.as_of[self.next_part().name] = at
        self.save()

    def restart(self) -> None:
        """Delete what has arrived, because the source withdrew it or delivered less than it announced."""
        for path in self.folder.glob("part-*"):
            path.unlink()
        self.manifest, self._extends = _empty(self.window, self.manifest.run_id), False
        self.save()

    def forget(self) -> None:
        """Delete the parts of a window that changed nothing, so that hourly pulls of a quiet shop need no disk.

        Its manifest stays, so that a replay moves the cursor as far as the pull did. Of several such windows in a row
        the last one stays.
        """
        parts = self.paths
        self.manifest.parts, self.manifest.size, self.manifest.rows, self.manifest.roots = [], None, None, None
        self.save()
        for path in parts:
            path.unlink()
        if self.manifest.again:
            return
        before = max((name for name in _names(self.folder.parent) if name < self.folder.name), default=None)
        if before is None:
            return
        manifest = self.folder.parent / before / "window.json"
        if not manifest.exists() or self._covers(read_manifest(manifest)):
            shutil.rmtree(manifest.parent)

    def _covers(self, older: Manifest) -> bool:
        """Whether a replay loses nothing without an older window: it has no parts, and no days that this one lacks."""
        if older.parts or older.again:
            return False
        days = self.manifest.days
        return older.days is None or (days is not None and days[0] <= older.days[0] and older.days[1] <= days[1])

    def seal(self, rows: int | None = None, roots: int | None = None) -> None:
        """Everything has arrived; `rows` and `roots` are what the source announced, else what was written."""
        self._cut_last_part()
        self.manifest.rows, self.manifest.roots = self.manifest.written if rows is None else rows, roots
        self.manifest.sealed, self.manifest.landed_at = True, datetime.now(UTC)
        self.save()

    def save(self) -> None:
        """Write window.json so that a crash leaves either the old one or the new one."""
        path = self.folder / "window.json"
        partial = path.with_suffix(".tmp")
        with partial.open("wb") as file:
            _write_durably(file, msgspec.json.format(msgspec.json.encode(self.manifest)))
        partial.replace(path)


class Landing:
    """The landing zone of all accounts under one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def _open(self, path: Path) -> LandedWindow:
        return LandedWindow(path.parent, read_manifest(path), self.root)

    def folder(self, account: Account, stream: str) -> Path:
        """The folder of an account's stream."""
        return self.root / account.tenant_id / account.source / account.account / stream

    def windows(self, account: Account, stream: str) -> Iterator[LandedWindow]:
        """All windows of a stream, oldest first."""
        for path in reversed([*_newest_first(self.folder(account, stream))]):
            yield self._open(path)

    def after(self, account: Account, stream: str, window_id: str | None) -> list[LandedWindow]:
        """The windows after one, oldest first; all of them for None. Only the last may be interrupted."""
        newest_first = _newest_first(self.folder(account, stream))
        paths = takewhile(lambda path: path.parent.name > (window_id or ""), newest_first)
        return [self._open(path) for path in paths][::-1]

    def newest(self, account: Account, stream: str) -> LandedWindow | None:
        """The window that was begun last."""
        path = next(_newest_first(self.folder(account, stream)), None)
        return self._open(path) if path else None

    def begin(self, account: Account, stream: str, window: Window, run_id: str = "") -> LandedWindow:
        """Make a window's folder, named by its id.

        Windows are loaded in the order of their names. So one that ends before the newest (a clock was ahead) is named
        a second after that.
        """
        place, name = self.folder(account, stream), window.id
        newest = next(_newest_first(place), None)
        if newest and name <= newest.parent.name:
            name = stamp(from_stamp(newest.parent.name[:16]) + timedelta(seconds=1)) + name[16:]
        folder = place / name
        if folder.exists():  # without a manifest: a crash left it
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        landed = LandedWindow(folder, _empty(window, run_id), self.root)
        landed.save()
        return landed


def _newest_first(place: Path) -> Iterator[Path]:
    """The manifests of a stream's windows. A year of hourly pulls has thousands, and most questions are of the last."""
    names = sorted(_names(place), reverse=True) if place.is_dir() else []
    return (path for name in names if (path := place / name / "window.json").exists())


def _names(place: Path) -> list[str]:
    with os.scandir(place) as entries:
        return [entry.name for entry in entries]


def _packed(records: Iterable[bytes]) -> tuple[bytes, int]:
    """A frame of zstd with a line per record, and how many there are."""
    lines = list(records)
    text = b"\n".join([*lines, b""])
    if text.count(b"\n") != len(lines):
        text = b"\n".join([*(line.translate(None, b"\r\n") for line in lines), b""])
    # one compressor per part: sources are pulled in threads, and two that share one break the process
    return zstandard.ZstdCompressor(level=_LEVEL).compress(text), len(lines)


def _write_durably(file: BinaryIO, content: bytes) -> None:
    file.write(content)
    file.flush()
    os.fsync(file.fileno())


def _empty(window: Window, run_id: str) -> Manifest:
    return Manifest(start=window.start, end=window.end, run_id=run_id, days=window.days, again=window.days is not None)

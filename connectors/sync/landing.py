"""The landing zone: what arrived, as it arrived, compressed, replayable.

    landing/<tenant>/<source>/<account>/<stream>/<window>/window.json
                                                          part-00000.ndjson.zst

A window is written part by part and then sealed. One that is not sealed was interrupted: the next pull finds it and
goes on where it stopped. One that is sealed can be loaded into staging as often as wanted, with no network.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

import msgspec
import zstandard

from connectors.base import Account, Window
from connectors.errors import ConfigurationError


class Manifest(msgspec.Struct, kw_only=True):
    """window.json: everything that is needed to go on, or to load again."""

    start: datetime | None
    end: datetime
    run_id: str = ""
    days: tuple[date, date] | None = None
    again: bool = False
    parts: list[str] = []
    written: int = 0
    rows: int | None = None
    roots: int | None = None
    state: dict[str, str] = {}
    as_of: dict[str, datetime] = {}
    sealed: bool = False
    landed_at: datetime | None = None


def read_manifest(path: Path) -> Manifest:
    """A window.json. Raises ConfigurationError when somebody else wrote into it."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except msgspec.DecodeError as error:
        raise ConfigurationError(
            f"{path} cannot be read ({error}). Remove the folder {path.parent}: what landed in it is asked for again."
        ) from None


@dataclass
class LandedWindow:
    """One window's folder and its manifest."""

    folder: Path
    manifest: Manifest
    root: Path = field(repr=False)

    @property
    def window(self) -> Window:
        """The range of the cursor that it covers, or the days that it reads again."""
        return Window(self.manifest.start, self.manifest.end, self.manifest.days if self.manifest.again else None)

    @property
    def paths(self) -> list[Path]:
        """Its parts, in the order they came."""
        return [self.folder / name for name in self.manifest.parts]

    def place(self, path: Path) -> str:
        """A part's place below the landing zone, as staging rows name it."""
        return str(path.relative_to(self.root))

    def next_part(self) -> Path:
        """Where the next part belongs; the same after an interruption, so that a repeat overwrites itself."""
        return self.folder / f"part-{len(self.manifest.parts):05d}.ndjson"

    def write_part(self, records: Iterable[bytes], **state: str) -> int:
        """Land one answer, one record a line; `state` says where to go on. Returns the number of records.

        Sources that write their JSON over several lines lose the line ends, which mean nothing outside a text.
        """
        path = self.next_part().with_suffix(".ndjson.zst")
        partial = path.with_name(path.name + ".tmp")
        rows = 0
        with partial.open("wb") as file:
            with zstandard.ZstdCompressor(level=1).stream_writer(file, closefd=False) as out:
                for record in records:
                    out.write(record.replace(b"\r", b"").replace(b"\n", b"") if b"\n" in record else record)
                    out.write(b"\n")
                    rows += 1
            os.fsync(file.fileno())
        partial.replace(path)
        self.manifest.written += rows
        self.add_part(path, **state)
        return rows

    def add_part(self, path: Path, **state: str) -> None:
        """Record a part that stands already in the folder."""
        self.manifest.parts.append(path.name)
        self.manifest.state.update(state)
        self.save()

    def cover(self, first: date, last: date) -> None:
        """The days, both included, that this window replaces in tables that are replaced by slice."""
        self.manifest.days = (first, last)
        self.save()

    def remember(self, **state: str) -> None:
        """Keep where we are (a bulk operation's id, a page's cursor) for the case of an interruption."""
        self.manifest.state.update(state)
        self.save()

    def goes_on(self, at: datetime) -> None:
        """The next parts are as things were at `at`, not at the window's end: it was interrupted and is taken up."""
        self.manifest.as_of[self.next_part().name] = at
        self.save()

    def restart(self) -> None:
        """Throw away what has arrived: the source took it back, or handed over less than it said."""
        for path in self.folder.glob("part-*"):
            path.unlink()
        self.manifest = _empty(self.window, self.manifest.run_id)
        self.save()

    def forget(self) -> None:
        """Drop the parts of a window that brought nothing new, so that an hourly look at a quiet shop costs no disk.

        Its manifest stays: a replay moves the cursor as far as the pull did. Of several such in a row one is kept.
        """
        parts = self.paths
        self.manifest.parts, self.manifest.rows, self.manifest.roots = [], None, None
        self.save()
        for path in parts:
            path.unlink()
        if self.manifest.again:
            return
        before = sorted(path for path in self.folder.parent.iterdir() if path.name < self.folder.name)
        manifest = before[-1] / "window.json" if before else None
        if manifest and (not manifest.exists() or self._tells_all_of(read_manifest(manifest))):
            shutil.rmtree(before[-1])

    def _tells_all_of(self, older: Manifest) -> bool:
        """Whether a replay loses nothing without an older window: no parts, and no days but those covered here."""
        if older.parts or older.again:
            return False
        ours, theirs = self.manifest.days, older.days
        return theirs is None or (ours is not None and ours[0] <= theirs[0] and theirs[1] <= ours[1])

    def seal(self, rows: int | None = None, roots: int | None = None) -> None:
        """Everything has arrived; `rows` and `roots` are what the source said it would be, else what was written."""
        self.manifest.rows, self.manifest.roots = self.manifest.written if rows is None else rows, roots
        self.manifest.sealed, self.manifest.landed_at = True, datetime.now(UTC)
        self.save()

    def save(self) -> None:
        """Write window.json so that it is either the old one or the new one."""
        path = self.folder / "window.json"
        partial = path.with_suffix(".tmp")
        with partial.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(self.manifest)))
            os.fsync(file.fileno())
        partial.replace(path)


class Landing:
    """The landing zone of all accounts under one folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def _open(self, path: Path) -> LandedWindow:
        return LandedWindow(path.parent, read_manifest(path), self.root)

    def folder(self, account: Account, stream: str) -> Path:
        """Where a stream of an account lands."""
        return self.root / account.tenant_id / account.source / account.account / stream

    def windows(self, account: Account, stream: str) -> Iterator[LandedWindow]:
        """All windows of a stream, oldest first."""
        for path in sorted(self.folder(account, stream).glob("*/window.json")):
            yield self._open(path)

    def after(self, account: Account, stream: str, window_id: str | None) -> list[LandedWindow]:
        """The windows behind one, oldest first; all of them behind None. Only the last may be interrupted."""
        paths = sorted(self.folder(account, stream).glob("*/window.json"))
        return [self._open(path) for path in paths if path.parent.name > (window_id or "")]

    def newest(self, account: Account, stream: str) -> LandedWindow | None:
        """The last window that was begun."""
        paths = sorted(self.folder(account, stream).glob("*/window.json"))
        return self._open(paths[-1]) if paths else None

    def begin(self, account: Account, stream: str, window: Window, run_id: str = "") -> LandedWindow:
        """Open a window's folder, emptying one of the same name."""
        folder = self.folder(account, stream) / window.id
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        landed = LandedWindow(folder, _empty(window, run_id), self.root)
        landed.save()
        return landed


def _empty(window: Window, run_id: str) -> Manifest:
    return Manifest(start=window.start, end=window.end, run_id=run_id, days=window.days, again=window.days is not None)

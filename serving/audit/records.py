"""Files of JSON lines under `serving/audit/`: a line for each request that somebody was answered, and for each publish.

    2026-11-30.jsonl    requests of a UTC day; removed after `audit_days`
    runs.jsonl          publishes; they stay

A line is one write to the end of a file: several processes write at once, a killed one loses nothing that it wrote, and
it is on the disk a second later. A reading never fails because it cannot be recorded: how many lines are missing is
then a line of its own, as soon as one can be written again, and a warning in the log.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from serving.audit.event import Event, of_line

RUNS = "runs"
SYNC_AFTER = 1.0  # seconds
log = logging.getLogger("takings.serving")


@dataclass(frozen=True)
class Damage:
    """A line that cannot be read."""

    path: Path
    line: int


class Records:
    """The folder of the files, for any number of threads and processes; made at the first write."""

    def __init__(self, folder: Path, retained_days: int = 400) -> None:
        self.folder = folder / "audit"
        self._retained = timedelta(days=retained_days)
        self._lock = threading.Lock()
        self._day = ""
        self._file = -1
        self._lost = 0
        self._syncing = False

    def add(self, event: Event) -> None:
        """Note a request. It raises nothing."""
        with self._lock:
            try:
                lines = [event.line()]
                if self._lost:
                    gap = Event(event.at, "", "system", "takings", "gap", "requests", "lost", {"count": self._lost})
                    lines.insert(0, gap.line())
                self._write(f"{event.at.astimezone(UTC).date()}", "".join(f"{line}\n" for line in lines))
                self._lost = 0
            except OSError as error:
                self._lost += 1
                if self._lost == 1:
                    log.warning("A request was not recorded in %s (%s). How many is recorded later", self.folder, error)

    def add_run(self, event: Event) -> None:
        """Note a publish; it is on the disk when this returns. Raises OSError."""
        path = self.folder / f"{RUNS}.jsonl"
        self._make_folder()
        with os.fdopen(_opened(path), "ab", 0) as file:
            file.write(f"{event.line()}\n".encode())
            os.fsync(file.fileno())

    def requests(self, first: date | None = None, last: date | None = None) -> Iterator[Event | Damage]:
        """The requests of these UTC days, the oldest day first."""
        for day, path in self._files():
            if (first is None or day >= first) and (last is None or day <= last):
                yield from _read(path, "requests")

    def runs(self) -> Iterator[Event | Damage]:
        """All publishes, the oldest first."""
        path = self.folder / f"{RUNS}.jsonl"
        if path.exists():
            yield from _read(path, RUNS)

    def _write(self, day: str, text: str) -> None:
        if day != self._day:
            self._open(day)
        content = text.encode()
        written = os.write(self._file, content)
        if written < len(content):  # the disk is full: what follows begins a line of its own
            with suppress(OSError):
                os.write(self._file, b"\n")
            raise OSError(f"{written} of {len(content)} bytes were written")
        if not self._syncing:
            self._syncing = True
            timer = threading.Timer(SYNC_AFTER, self._sync)
            timer.daemon = True
            timer.start()

    def _open(self, day: str) -> None:
        """The file of another day; files that are too old are removed."""
        self._make_folder()
        file = _opened(self.folder / f"{day}.jsonl")
        if self._file >= 0:
            os.close(self._file)
        self._day, self._file = day, file
        oldest = date.fromisoformat(day) - self._retained
        for old, path in self._files():
            if old < oldest:
                path.unlink(missing_ok=True)

    def _sync(self) -> None:
        with self._lock:
            self._syncing = False
            with suppress(OSError):
                os.fdatasync(self._file)

    def _make_folder(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def _files(self) -> Iterator[tuple[date, Path]]:
        for path in sorted(self.folder.glob("????-??-??.jsonl")):
            with suppress(ValueError):
                yield date.fromisoformat(path.stem), path


def _opened(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def _read(path: Path, store: str) -> Iterator[Event | Damage]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                yield of_line(line.decode(), store)
            except (ValueError, KeyError, TypeError, AttributeError):
                yield Damage(path, number)


def published(run_id: str, definitions: str, tenants: list[str], blocked: list[str], at: datetime) -> Event:
    """A build that readers see from now on, with the version of the metrics' definitions that it was made with."""
    detail = {"definitions": definitions, "tenants": tenants, "blocked": blocked}
    return Event(at, "", "system", "takings", "publish", f"run {run_id}", "ok", detail, RUNS)

"""Records of many pages in one part of a landed window: each part is a file that the load has to open."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.sync.landing import LandedWindow

RECORDS_PER_WRITE = 2_000
RECORDS_PER_PART = 50_000


class Parts:
    """Collects records and writes RECORDS_PER_WRITE at once, to parts of about RECORDS_PER_PART; an error writes what
    is collected.

    Use as a context manager. `state` says where to continue after the records that it comes with. A process that is
    killed reads what was only collected again.
    """

    def __init__(self, landed: LandedWindow) -> None:
        self.landed, self.records, self.state = landed, list[bytes](), dict[str, str]()
        self.objects, self.in_part = set[str](), 0  # of the part that is written

    def __enter__(self) -> Parts:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None or issubclass(kind, Exception):
            self._write()

    def add(self, records: Iterable[bytes], objects: Iterable[str] = (), **state: str) -> None:
        """Add records, and the ids of the objects that they are.

        A later version of an object begins a new part: its children replace those of a version in an earlier part.
        """
        ids = set(objects)
        if not self.objects.isdisjoint(ids):
            self._write()
            self._end_part()
        self.objects |= ids
        self.records += records
        self.state |= state
        if len(self.records) >= RECORDS_PER_WRITE:
            self._write()
        if self.in_part >= RECORDS_PER_PART:
            self._end_part()

    def drop(self) -> None:
        """Forget what is collected, since the window begins again."""
        self.records, self.state = [], {}
        self._end_part()

    def _end_part(self) -> None:
        self.objects, self.in_part = set(), 0

    def _write(self) -> None:
        records, state = self.records, self.state
        self.records, self.state = [], {}
        if records:
            write = self.landed.extend_part if self.in_part else self.landed.write_part
            self.in_part += write(records, **state)
        elif state:
            self.landed.remember(**state)

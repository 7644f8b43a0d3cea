"""Pull a folder of files, and read what staging has then."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import zstandard

from connectors.base import Account, Progress, Pulled, no_progress
from connectors.files.pull import pull
from connectors.files.settings import FilesSettings
from connectors.http import Transport
from connectors.sync.landing import Landing
from connectors.sync.loop import PullContext
from connectors.sync.staging import Staging
from tests.connectors import staged

EXPENSES = "month,category,cost_kind,amount,currency\n"
BALANCES = "day,bank_account,balance,currency\n"
ANNOTATIONS = "day,until,kind,title\n"


def event(key: str, at: str = "2026-03-01T12:00:00Z", name: str = "page_view", **more: Any) -> dict[str, Any]:
    return {"event_id": key, "occurred_at": at, "event_name": name, **more}


def jsonl(*events: dict[str, Any] | str) -> bytes:
    """JSON lines; a text is written as it is."""
    return "".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in events).encode()


@dataclass
class Place:
    """A folder, a landing zone and a staging file. Each pull is one minute after the one before."""

    root: Path
    tenant: str = "acme"
    account: str = "exports"
    folder: Path = field(init=False)
    now: datetime = datetime(2026, 3, 20, 10, tzinfo=UTC)
    keep_text: bool = False

    def __post_init__(self) -> None:
        self.folder = self.root / "shared"
        (self.folder / "events").mkdir(parents=True, exist_ok=True)

    @property
    def staging(self) -> Path:
        return self.root / "staging.duckdb"

    @property
    def landing(self) -> Landing:
        return Landing(self.root / "landing")

    @property
    def known_as(self) -> Account:
        return Account(self.tenant, "files", self.account, str(self.folder), "")

    def write(self, name: str, content: str | bytes) -> None:
        """Write a file of the folder; one that ends in .gz is compressed, unless its content already is."""
        path = self.folder / name
        raw = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(raw) if name.endswith(".gz") and not raw.startswith(b"\x1f\x8b") else raw)

    def pull(self, run_id: str = "run") -> dict[str, Pulled]:
        self.now += timedelta(minutes=1)
        with Staging(self.staging) as staging:
            return {result.stream: result for result in pull(self.context(staging, run_id), self.settings)}

    def context(self, staging: Staging, run_id: str = "run", progress: Progress = no_progress) -> PullContext:
        return PullContext(self.known_as, self.landing, staging, run_id, Transport(), progress, clock=lambda: self.now)

    @property
    def settings(self) -> FilesSettings:
        return FilesSettings(kind="files", account=self.account, path=self.folder, keep_text=self.keep_text)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return staged.rows(self.staging, sql, values)

    def landed(self) -> bytes:
        """Everything in the landing zone, unpacked."""
        return b"".join(
            zstandard.ZstdDecompressor().stream_reader(path.read_bytes(), read_across_frames=True).read()
            for path in sorted(self.landing.root.rglob("part-*"))
        )

    def ids(self) -> list[str]:
        return [row[0] for row in self.rows("select event_id from files.events order by all")]

    def rejects(self) -> list[tuple[str, str, str]]:
        """Table, place and reason of each reject."""
        return self.rows("select table_name, row_key, reason from takings.rejects order by all")  # type: ignore[return-value]

    def tables(self, lineage: bool = False) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table; with `lineage` also run and part."""
        return staged.tables(self.staging, "files", lineage=lineage)

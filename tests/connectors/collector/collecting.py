"""A folder of collected records as the web application leaves it, and pulls of it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from common import collected
from common.collected import Refused, Taken
from connectors.base import Account, Pulled
from connectors.collector.pull import pull
from connectors.collector.records import Records
from connectors.collector.settings import CollectorSettings
from connectors.http import Transport
from connectors.sync.landing import Landing
from connectors.sync.loop import PullContext
from connectors.sync.staging import Staging
from tests.connectors import staged

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
SETTINGS = CollectorSettings(kind="collector", account="web", secret="env:UNUSED")
ZONE = "America/New_York"


def event(number: int | str, **fields: Any) -> dict[str, Any]:
    """A page view."""
    return {"event_id": f"e{number}", "occurred_at": "2026-11-20T11:00:00Z", "event_name": "page_view",
            "session_id": "s1", "anonymous_id": "b1", **fields}  # fmt: skip


def message(number: int | str, **fields: Any) -> dict[str, Any]:
    """A chat message."""
    return {"message_id": f"m{number}", "session_id": "c1", "created_at": "2026-11-20T06:00:00", "role": "assistant",
            "model": "gpt-5-mini", "input_tokens": 120, "output_tokens": 30, "latency_ms": 812, **fields}  # fmt: skip


def taken(name: str, record: dict[str, Any], now: datetime = NOW, *, keep_text: bool = False) -> Taken | Refused:
    """What the web application makes of a record."""
    return Records(ZoneInfo(ZONE), keep_text=keep_text).check(name, json.dumps(record).encode(), now)


def stored(name: str, record: dict[str, Any], now: datetime = NOW) -> bytes:
    """A record's line in a file."""
    result = taken(name, record, now)
    assert isinstance(result, Taken), result
    return collected.encoded(result.record)


@dataclass
class Place:
    """A folder of collected records, a landing zone and a staging file."""

    root: Path
    account: Account = field(init=False)
    now: datetime = NOW

    def __post_init__(self) -> None:
        self.folder = collected.folder_of(self.root / "collected", "aurora", "web")
        self.folder.mkdir(parents=True)
        self.account = Account("aurora", "collector", "web", str(self.folder), "")
        self.landing, self.staging = Landing(self.root / "landing"), self.root / "staging.duckdb"

    def file(self, number: int) -> Path:
        """The n-th file."""
        return self.folder / f"20261120T11{number:02}00000000Z-aaaaaa.jsonl"

    def write(self, number: int, *lines: bytes) -> None:
        """Append lines to the n-th file."""
        with self.file(number).open("ab") as file:
            file.write(b"".join(lines))

    @contextmanager
    def writing(self, number: int) -> Iterator[None]:
        """The n-th file as it is while the web application writes it."""
        descriptor = os.open(self.file(number), os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            os.close(descriptor)

    def pull(self) -> Pulled:
        """One pull, a minute after the one before."""
        self.now += timedelta(minutes=1)
        with Staging(self.staging) as staging:
            context = PullContext(
                self.account, self.landing, staging, "run", Transport((), sleep=lambda _: None), clock=lambda: self.now
            )
            (result,) = pull(context, SETTINGS)
        return result

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return staged.rows(self.staging, sql)

    def ids(self) -> list[str]:
        """The ids of all events in staging, in order, also those that are there twice."""
        return [name for (name,) in self.rows("select event_id from collector.events order by event_id")]

"""The rows of `takings audit export`: all that the product records of who did what, from every place that records it.

    stores(settings)                 each store: whether it exists, and its rows
    export(settings, choice, path)   one file of them, in the order of their time

A store that does not exist yet, or that cannot be read, is named: in the terminal, and in the first row of the file.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from common.errors import TakingsError
from orchestration import sharing, superset_log
from orchestration.home import Home
from orchestration.settings import Settings
from semantic.reports import csv, files
from serving.audit import stores as ledgers
from serving.audit.event import COLUMNS, Event
from serving.audit.records import Damage, Records, published
from serving.deliveries.outbox import Outbox
from serving.ledger import Ledger
from serving.tenant_api.history import History
from serving.tokens import Tokens

Format = Literal["jsonl", "csv"]
Rows = Iterable[Event | Damage]


@dataclass(frozen=True)
class Store:
    """Where something is recorded. `rows`: what it has of the days that are asked for, and perhaps of others."""

    name: str
    what: str
    path: Path
    rows: Callable[[], Rows]


@dataclass(frozen=True)
class Choice:
    """Which rows: of these UTC days, both included, and of one tenant."""

    first: date | None = None
    last: date | None = None
    tenant: str | None = None

    def has(self, event: Event) -> bool:
        """Whether a row is asked for. A publish concerns every tenant that it names."""
        day = event.at.astimezone(UTC).date()
        named = event.detail.get("tenants", ()) if event.action == "publish" else ()
        is_of_tenant = self.tenant in (None, event.tenant) or self.tenant in named
        return (self.first is None or day >= self.first) and (self.last is None or day <= self.last) and is_of_tenant


@dataclass
class Reading:
    """What a store has of a choice: its rows as lines of JSON, which are small, with their instants.

    actions: how many rows there are of each. problem: why that is not all; empty where it is.
    """

    store: Store
    rows: list[tuple[datetime, str]] = field(default_factory=list)
    actions: Counter[str] = field(default_factory=Counter)
    problem: str = ""

    def add(self, event: Event) -> None:
        """Take a row."""
        self.rows.append((event.at, event.line()))
        self.actions[event.action] += 1

    def line(self) -> str:
        """The store in a sentence for the terminal."""
        count = f"{len(self.rows):,} row{'s' * (len(self.rows) != 1)}"
        kinds = ", ".join(f"{number:,} {name}" for name, number in self.actions.most_common())
        state = f"{count} ({kinds})" if kinds else count
        return f"{self.store.name:<9} {self.store.what}: {state}{f'; {self.problem}' if self.problem else ''}"


def stores(settings: Settings, choice: Choice) -> list[Store]:
    """Every store of this home."""
    home = Home(settings.home)
    folder, records = home.serving, Records(home.serving)
    names = [tenant.id for tenant in settings.tenants]
    return [
        Store("requests", "who read or exported a page, a file or an answer", records.folder,
              lambda: records.requests(choice.first, choice.last)),
        Store("links", "who shared a report, and who ended a link", folder / "links.db",
              lambda: ledgers.links(Ledger(folder))),
        Store("tokens", "who made and revoked tokens", folder / "tokens.db", lambda: ledgers.tokens(Tokens(folder))),
        Store("settings", "who changed the settings of an assistant", folder / "settings.db",
              lambda: ledgers.settings(History(folder))),
        Store("messages", "what was sent to whom, and who acknowledged or snoozed an alert", folder / "deliveries.db",
              lambda: _messages(folder, names)),
        Store("runs", "which definitions a published build was made with", home.published, lambda: _runs(home)),
        Store("superset", "logins, dashboards that were opened, exports and changes there", home.superset_metadata,
              lambda: superset_log.events(home.superset_metadata)),
    ]  # fmt: skip


def read_all(settings: Settings, choice: Choice) -> list[Reading]:
    """What every store has of a choice."""
    return [_reading(store, choice) for store in stores(settings, choice)]


def export(readings: list[Reading], path: Path, format: Format, now: datetime) -> int:
    """Write all rows, the oldest first; returns how many. Raises WriteError."""
    rows = sorted((row for item in readings for row in item.rows), key=lambda row: row[0])
    detail = {item.store.name: item.problem or len(item.rows) for item in readings}
    first = Event(now, "", "command", sharing.user(), "export", "audit", "ok", {"stores": detail}, "audit")
    lines = [first.line(), *(line for _, line in rows)]
    content = _as_csv(lines) if format == "csv" else "".join(f"{line}\n" for line in lines).encode()
    files.write(path, content)
    path.chmod(0o600)
    return len(lines)


def note_publish(settings: Settings, folder: Path) -> list[str]:
    """Note a build that readers see now; returns a warning where that is not possible."""
    try:
        Records(Home(settings.home).serving).add_run(_of_build(folder))
    except OSError as error:
        return [f"the publish of {folder.name} is not in the audit records: {error}"]
    return []


def _reading(store: Store, choice: Choice) -> Reading:
    if not store.path.exists():
        return Reading(store, problem=f"absent: {store.path} does not exist")
    reading, damaged = Reading(store), list[Damage]()
    try:
        for row in store.rows():
            if isinstance(row, Damage):
                damaged.append(row)
            elif choice.has(row):
                reading.add(row)
    except (TakingsError, OSError, ValueError, KeyError, sqlite3.Error) as error:
        reading.problem = f"not read to the end: {error}"
    if damaged:
        place = f"{damaged[0].path}, line {damaged[0].line}"
        lines = f"{len(damaged)} damaged line{'s' * (len(damaged) > 1)}, the first in {place}"
        reading.problem = "; ".join(text for text in (reading.problem, lines) if text)
    return reading


def _as_csv(lines: list[str]) -> bytes:
    cells = []
    for line in lines:
        row = json.loads(line)
        row["detail"] = json.dumps(row["detail"], ensure_ascii=False)
        cells.append([row[name] for name in COLUMNS])
    return csv.encode(COLUMNS, cells)


def _messages(folder: Path, tenants: list[str]) -> Iterator[Event]:
    with closing(Outbox(folder)) as box:
        yield from ledgers.messages(box)
        yield from ledgers.alerts(box, tenants)


def _runs(home: Home) -> Iterator[Event | Damage]:
    """The publishes that were noted, and the builds that are still there from before they were."""
    rows = list(Records(home.serving).runs())
    events = {row.object: row for row in rows if isinstance(row, Event)}
    for path in home.published.glob("*/build.json"):
        if not path.parent.is_symlink() and path.parent.suffix != ".partial":
            event = _of_build(path.parent)
            events.setdefault(event.object, event)
    last = ""
    for event in sorted(events.values(), key=lambda item: item.at):
        changed = event.detail["definitions"] != last and last != ""
        last = event.detail["definitions"]
        yield replace(event, detail={**event.detail, "definitions_changed": changed})
    yield from (row for row in rows if isinstance(row, Damage))


def _of_build(folder: Path) -> Event:
    about = json.loads((folder / "build.json").read_text())
    at = datetime.fromisoformat(about["published_at"])
    return published(folder.name, about["definitions"], about["tenants"], sorted(about["blocked"]), at)
